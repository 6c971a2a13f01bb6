def divide(a, b):
    try:
        result = a / b
    except ZeroDivisionError:
        print("division by zero!")
    except TypeError as e:
        print("type error:", e)
    else:
        print("result is", result)
    finally:
        print("done")

divide(4, 2)
divide(1, 0)
divide("a", 1)
