import json
for text in ['{"a": 1}', "{bad}", ""]:
    try:
        print(json.loads(text))
    except json.JSONDecodeError as e:
        print("invalid JSON:", e.msg, e.lineno, e.colno)
