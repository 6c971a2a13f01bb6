import hashlib, os
digests = {}
for name in sorted(os.listdir("docs")):
    with open(f"docs/{name}", "rb") as f:
        digests[name] = hashlib.sha256(f.read()).hexdigest()[:12]
print(digests, hashlib.md5(b"abc").hexdigest())
h = hashlib.sha1()
h.update(b"a"); h.update(b"b")
print(h.hexdigest(), h.digest()[:2])
