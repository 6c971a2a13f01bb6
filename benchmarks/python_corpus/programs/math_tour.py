import math
print(math.sqrt(16), math.pi, math.floor(2.7), math.ceil(2.1), math.factorial(5), math.gcd(12, 18), math.isclose(0.1 + 0.2, 0.3))
print(math.log(math.e), math.log10(1000), math.hypot(3, 4), math.comb(5, 2), math.prod([1, 2, 3]), math.inf > 1e308)
print(round(math.sin(math.radians(30)), 6), math.isqrt(17), math.lcm(4, 6), math.trunc(-2.5), math.copysign(1, -0.0))
