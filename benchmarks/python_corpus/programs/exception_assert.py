def mean(xs):
    assert len(xs) > 0, "need at least one"
    return sum(xs) / len(xs)
print(mean([1, 2]))
try:
    mean([])
except AssertionError as e:
    print("AssertionError:", e)
