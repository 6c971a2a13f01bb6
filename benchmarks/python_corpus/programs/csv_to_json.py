import csv
import json

with open("data/people.csv", newline="") as source:
    people = list(csv.DictReader(source))
for person in people:
    person["age"] = int(person["age"]) if person["age"] else None
with open("people.json", "w") as target:
    json.dump(people, target, indent=2)
print(open("people.json").read())
