def chunks(items, size):
    for i in range(0, len(items), size):
        yield items[i:i + size]

for chunk in chunks(list(range(7)), 3):
    print(chunk)
print([sum(c) for c in chunks([1, 2, 3, 4], 2)])
