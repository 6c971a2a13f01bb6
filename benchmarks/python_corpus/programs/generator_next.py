def countdown(n):
    print("start")
    while n > 0:
        yield n
        n -= 1
    print("done")

g = countdown(2)
print(next(g))
print(next(g))
print(next(g, "nothing left"))
