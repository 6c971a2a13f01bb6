class Board:
    LINES = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)]

    def __init__(self):
        self.cells = [" "] * 9

    def play(self, index, mark):
        if self.cells[index] != " ":
            raise ValueError(f"cell {index} is taken")
        self.cells[index] = mark
        return self

    @property
    def winner(self):
        for a, b, c in self.LINES:
            if self.cells[a] != " " and self.cells[a] == self.cells[b] == self.cells[c]:
                return self.cells[a]
        return None

    def __str__(self):
        return "\n-+-+-\n".join("|".join(self.cells[r * 3:r * 3 + 3]) for r in range(3))

b = Board()
for i, m in [(0, "X"), (4, "O"), (1, "X"), (5, "O"), (2, "X")]:
    b.play(i, m)
print(b)
print("winner:", b.winner)
try:
    b.play(0, "O")
except ValueError as e:
    print(e)
