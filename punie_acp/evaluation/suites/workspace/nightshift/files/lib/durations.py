"""Durations as people write them: 90s, 45m, 2h, 1d."""

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(text):
    """The seconds of a duration. Raises ValueError for anything else."""
    text = text.strip()
    number, unit = text[:-1], text[-1:]
    if unit not in UNITS or not number.isdigit():
        raise ValueError(f"not a duration: {text!r}")
    return int(number) * UNITS[unit]


def text(seconds):
    """A duration as it is written: the largest unit that fits without a rest."""
    for unit in "dhm":
        if seconds and seconds % UNITS[unit] == 0:
            return f"{seconds // UNITS[unit]}{unit}"
    return f"{seconds}s"
