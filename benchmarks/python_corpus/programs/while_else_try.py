import random
random.seed(1)
n = 0
while True:
    n += 1
    if n % 7 == 0:
        break
print(n)
for x in [2, 4, 6]:
    if x % 2: break
else:
    print("all even")
i = 3
while i:
    i -= 1
    if i == 1: continue
    print("i", i)
