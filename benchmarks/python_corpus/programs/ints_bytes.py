print((255).to_bytes(2, "big"), int.from_bytes(b"\x01\x00", "little"), bytes([65, 66]).decode(), b"ab".hex(), bytes.fromhex("6869"))
print(10 ** 20, -7 // 2, -7 % 3, 7 & 3, 7 | 8, 1 << 4, ~5, 0x1F, 0b101, 1_000_000, (10).bit_length())
print(0.1 + 0.2, 1 / 3, 1e100, float("nan") != float("nan"), 3.0.is_integer(), round(-2.5), 5 // 2.0, 2 ** -1)
