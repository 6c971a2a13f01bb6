def step(alive):
    from collections import Counter
    near = Counter((x + dx, y + dy) for x, y in alive for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy)
    return {c for c, n in near.items() if n == 3 or (n == 2 and c in alive)}
cells = {(0, 1), (1, 1), (2, 1)}
for _ in range(3):
    print(sorted(cells))
    cells = step(cells)
