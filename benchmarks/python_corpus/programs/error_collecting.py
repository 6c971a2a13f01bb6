import json
errors, good = [], []
for text in ['{"a": 1}', '[1, 2', '"ok"', 'nope']:
    try:
        value = json.loads(text)
    except ValueError as e:
        errors.append((text, type(e).__name__))
    else:
        good.append(value)
    finally:
        pass
print(good, errors)
