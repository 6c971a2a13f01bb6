print({k: v for k, v in zip("abc", range(3))}, *map(str.upper, "xy"), sep="\n")
