def inner(x):
    try:
        return 10 / x
    except ZeroDivisionError:
        print("inner")
        raise
    finally:
        print("inner finally")
try:
    inner(0)
except ArithmeticError as e:
    print("outer", type(e).__name__, e)
print(inner(5))
