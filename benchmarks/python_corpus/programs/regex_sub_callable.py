import re
prices = "tea 3.50, cup 4.25"
print(re.sub(r"\d+\.\d+", lambda m: f"{float(m.group()) * 2:.2f}", prices))
def swap(match):
    return match.group(2) + " " + match.group(1)
pattern = re.compile(r"(\w+), (\w+)")
print(pattern.sub(swap, "Lovelace, Ada"))
print(re.subn("e", "E", prices))
