import csv
import io

text = "a;b;c\n1;2;3\n4;5;6\n"
reader = csv.reader(io.StringIO(text), delimiter=";")
header = next(reader)
print(header)
for row in reader:
    print([int(x) for x in row])
