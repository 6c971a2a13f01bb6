blank = comment = code = 0
for line in open("src/shop/cart.py"):
    s = line.strip()
    if not s:
        blank += 1
    elif s.startswith("#"):
        comment += 1
    else:
        code += 1
print(f"{blank=} {comment=} {code=}")
