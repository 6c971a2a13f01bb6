import struct
with open("points.bin", "wb") as f:
    for x, y in [(1, 2), (3, 4)]:
        f.write(struct.pack("<ii", x, y))
with open("points.bin", "rb") as f:
    while chunk := f.read(8):
        print(struct.unpack("<ii", chunk))
