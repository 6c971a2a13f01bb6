from itertools import takewhile, count

def primes():
    for n in count(2):
        if all(n % d for d in range(2, int(n ** 0.5) + 1)):
            yield n

print(list(takewhile(lambda p: p < 40, primes())))
print(next(p for p in primes() if p > 100))
