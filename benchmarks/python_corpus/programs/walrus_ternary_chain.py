data = [1, 5, 8, 12]
if (n := len(data)) > 3:
    print(f"{n} items")
print([y for x in data if (y := x * 2) > 10], "big" if data[0] > 3 else "small", 1 < data[1] <= 5)
