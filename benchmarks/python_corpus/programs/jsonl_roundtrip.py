import json
rows = [{"i": i, "sq": i * i} for i in range(3)]
with open("rows.jsonl", "w") as f:
    for r in rows:
        f.write(json.dumps(r) + "\n")
back = [json.loads(line) for line in open("rows.jsonl") if line.strip()]
print(back == rows, back[-1])
