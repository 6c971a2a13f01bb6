from datetime import timedelta
def human(delta):
    total = int(delta.total_seconds())
    hours, rest = divmod(total, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [(hours, "h"), (minutes, "m"), (seconds, "s")]
    return " ".join(f"{n}{u}" for n, u in parts if n) or "0s"
print(human(timedelta(hours=1, seconds=61)), human(timedelta(0)), human(timedelta(days=1)))
