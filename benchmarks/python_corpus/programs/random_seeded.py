import random
random.seed(7)
print(random.randint(1, 10), random.choice("abc"), random.sample(range(20), 3), round(random.random(), 6))
deck = list(range(5))
random.shuffle(deck)
print(deck, random.uniform(1, 2) < 2, random.choices([1, 2], k=3), random.randrange(0, 10, 5))
rng = random.Random(3)
print(rng.randint(1, 100), rng.random())
