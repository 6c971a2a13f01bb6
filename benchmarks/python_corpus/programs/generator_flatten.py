def flatten(items):
    for item in items:
        if isinstance(item, (list, tuple)):
            yield from flatten(item)
        else:
            yield item

print(list(flatten([1, [2, (3, 4), [[5]]], 6])))
print(sum(flatten([[1], [2, [3]]])), max(flatten([3, [9]])))
