#!/usr/bin/env python3
"""nightshift.py: summary [DAY] | jobs | who JOB"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lib import durations, logs, settings  # noqa: E402


def summary(day):
    for file in sorted((ROOT / "logs").glob(f"{day or '*'}.log")):
        entries = logs.read(file)
        errors = [entry for entry in entries if entry.level == "ERROR"]
        print(f"{file.stem}: {len(entries)} lines, {len(errors)} errors")
        for entry in errors:
            print(f"  {entry.job}[{entry.host}] {entry.message}")


def jobs():
    for name, job in settings.jobs(ROOT / "config").items():
        print(f"{name:12} {durations.seconds(job['timeout']):6d} s  {', '.join(job['hosts'])}")


def who(job):
    for person in settings.people(ROOT / "config"):
        if job in person["jobs"]:
            print(f"{person['name']} <{person['mail']}>")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("summary").add_argument("day", nargs="?")
    commands.add_parser("jobs")
    commands.add_parser("who").add_argument("job")
    given = vars(parser.parse_args())
    globals()[given.pop("command")](**given)


if __name__ == "__main__":
    main()
