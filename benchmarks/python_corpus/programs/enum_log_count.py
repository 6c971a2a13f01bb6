from collections import Counter
from enum import Enum

class LogLevel(Enum):
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"

counts = Counter()
with open("logs/app.log") as f:
    for line in f:
        counts[LogLevel(line.split()[2])] += 1
for level in LogLevel:
    print(f"{level.value:<8} {counts[level]}")
