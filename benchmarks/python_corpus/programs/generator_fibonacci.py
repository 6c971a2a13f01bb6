def fibonacci():
    a, b = 0, 1
    while True:
        yield a
        a, b = b, a + b

from itertools import islice
print(list(islice(fibonacci(), 10)))
for n in fibonacci():
    if n > 50:
        break
    print(n, end=" ")
print()
