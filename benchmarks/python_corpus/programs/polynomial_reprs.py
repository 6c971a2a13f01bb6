class Poly:
    def __init__(self, *coeffs):
        self.coeffs = coeffs
    def __call__(self, x):
        return sum(c * x ** i for i, c in enumerate(self.coeffs))
    def __str__(self):
        terms = [f"{c}x^{i}" if i else str(c) for i, c in enumerate(self.coeffs) if c]
        return " + ".join(terms) or "0"
    def __add__(self, other):
        from itertools import zip_longest
        return Poly(*(a + b for a, b in zip_longest(self.coeffs, other.coeffs, fillvalue=0)))
p = Poly(1, 0, 2)
print(p, "|", p(3), "|", p + Poly(1, 1), "|", Poly())
