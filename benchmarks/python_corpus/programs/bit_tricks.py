flags = {"read": 1 << 0, "write": 1 << 1, "exec": 1 << 2}
perm = flags["read"] | flags["exec"]
print([n for n, f in flags.items() if perm & f], f"{perm:03b}", perm ^ flags["read"], ~perm & 0b111)
print(bin(37).count("1"), (37).bit_length(), hex(0xFF ^ 0x0F), int("0b101", 2), 5 >> 1)
