text = "naïve café – 日本"
with open("u.txt", "w", encoding="utf-8") as f:
    f.write(text)
with open("u.txt", encoding="utf-8") as f:
    back = f.read()
print(back == text, len(text), len(text.encode("utf-8")))
print(open("u.txt", "rb").read()[:5])
