import re
TOKEN = re.compile(r"\s*(?:(\d+)|(.))")
def tokenize(text):
    for number, op in TOKEN.findall(text):
        if number:
            yield ("NUM", int(number))
        else:
            yield ("OP", op)
print(list(tokenize("3 + 4*(2-1)")))
