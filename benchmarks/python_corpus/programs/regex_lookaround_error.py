import re
print(re.findall(r"(?<=\$)\d+(?=\.)", "$12.50 $3.20"), re.sub(r"(?i)HELLO", "bye", "Hello hello"))
try:
    re.compile("(unclosed")
except re.error as e:
    print("bad pattern")
