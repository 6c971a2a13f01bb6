import traceback
try:
    {}["missing"]
except KeyError:
    text = traceback.format_exc()
    print(text.strip().splitlines()[-1])
