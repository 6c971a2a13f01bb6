def box(text, *, width=10, char="#", **extra):
    line = char * width
    return "\n".join([line, text.center(width), line, *(f"{k}={v}" for k, v in sorted(extra.items()))])
print(box("hi"))
print(box("yo", width=6, char="=", b=2, a=1))
try:
    box("x", 5)
except TypeError:
    print("positional not allowed")
