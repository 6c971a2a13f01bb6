from collections import Counter

levels = Counter(line.split()[2] for line in open("logs/app.log") if line.strip())
for level, count in levels.most_common():
    print(f"{level}: {count}")
