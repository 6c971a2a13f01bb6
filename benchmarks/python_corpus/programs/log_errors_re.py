import re

LOG = re.compile(r"^(?P<date>\S+) (?P<time>\S+) (?P<level>[A-Z]+) (?P<message>.*)$")
with open("logs/app.log") as log:
    for match in map(LOG.match, log):
        if match and match.group("level") == "ERROR":
            print(match.groupdict())
