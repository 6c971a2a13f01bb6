"""config/schedule.yaml, of which only as much YAML is understood as is used there."""


def read(text):
    """The entries by how often they run: {"nightly": ["health 00:30", ...], ...}."""
    schedule, often = {}, None
    for line in text.splitlines():
        line = line.split("#")[0].rstrip()
        if not line:
            continue
        if line.endswith(":") and not line.startswith(" "):
            often = line[:-1]
            schedule[often] = []
        elif line.startswith("  - ") and often:
            schedule[often].append(line[4:])
        else:
            raise ValueError(f"not understood: {line!r}")
    return schedule


def times(schedule):
    """The time of day of each job."""
    return {entry.split()[0]: entry.split()[-1] for entries in schedule.values() for entry in entries}
