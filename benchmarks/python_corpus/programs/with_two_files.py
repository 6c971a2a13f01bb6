with open("data/words.txt") as src, open("upper.txt", "w") as dst:
    for line in src:
        dst.write(line.upper())
print(open("upper.txt").read(), end="")
