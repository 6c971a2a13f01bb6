m = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
def spiral(m):
    out = []
    m = [r[:] for r in m]
    while m:
        out += m.pop(0)
        m = [list(r) for r in zip(*m)][::-1]
    return out
print(spiral(m), [list(r) for r in zip(*m)], sum(m[i][i] for i in range(3)))
