class Trie:
    def __init__(self):
        self.root = {}
    def insert(self, word):
        node = self.root
        for ch in word:
            node = node.setdefault(ch, {})
        node["$"] = True
    def words(self, prefix=""):
        node = self.root
        for ch in prefix:
            if ch not in node:
                return
            node = node[ch]
        yield from self._walk(node, prefix)
    def _walk(self, node, prefix):
        for ch in sorted(node):
            if ch == "$":
                yield prefix
            else:
                yield from self._walk(node[ch], prefix + ch)
t = Trie()
for w in open("data/words.txt").read().lower().split():
    t.insert(w)
print(list(t.words("f")), list(t.words("do")), list(t.words("zz")))
