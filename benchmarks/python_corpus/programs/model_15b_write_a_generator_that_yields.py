# written by qwen2.5-coder-1.5b
# task: Write a generator that yields Fibonacci numbers and print the first ten.
def fibonacci():
    a, b = 0, 1
    while True:
        yield a
        a, b = b, a + b

for i, num in enumerate(fibonacci(), start=1):
    if i > 10:
        break
    print(num)
