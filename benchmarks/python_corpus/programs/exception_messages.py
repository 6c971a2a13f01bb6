tests = ["int('x')", "[][1]", "{}['k']", "1/0", "'a' + 1", "None.foo", "float('abc')", "undefined_name"]
for t in tests:
    try:
        eval(t)
    except Exception as e:
        print(f"{t} -> {type(e).__name__}: {e}")
