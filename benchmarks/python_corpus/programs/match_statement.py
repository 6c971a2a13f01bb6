def describe(cmd):
    match cmd.split():
        case ["go", ("north" | "south") as direction]:
            return f"going {direction}"
        case ["take", item, *rest]:
            return f"taking {item} and {len(rest)} more"
        case []:
            return "nothing"
        case _:
            return "what?"
for c in ["go north", "take lamp key", "", "dance"]:
    print(describe(c))
def kind(x):
    match x:
        case {"type": "point", "x": x, "y": y}: return (x, y)
        case int() | float(): return "number"
        case str(s) if s: return f"text {s}"
        case (a, b): return a + b
        case None: return "none"
    return "other"
print(kind({"type": "point", "x": 1, "y": 2}), kind(3), kind("a"), kind((1, 2)), kind(None), kind(""))
