import time
def timed(label):
    def deco(fn):
        def inner(*a, **k):
            start = time.perf_counter()
            result = fn(*a, **k)
            elapsed = time.perf_counter() - start
            print(f"{label}: {'fast' if elapsed < 5 else 'slow'}")
            return result
        return inner
    return deco
@timed("sum")
def work(n):
    return sum(range(n))
print(work(1000))
