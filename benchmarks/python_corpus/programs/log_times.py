from datetime import datetime

stamps = []
for line in open("logs/app.log"):
    date, time, *_ = line.split(" ")
    stamps.append(datetime.strptime(f"{date} {time}", "%Y-%m-%d %H:%M:%S"))
print("first", min(stamps), "last", max(stamps))
print("span", max(stamps) - min(stamps))
print((stamps[3] - stamps[2]).total_seconds())
