import difflib
print(round(difflib.SequenceMatcher(None, "hello world", "hallo welt").ratio(), 4))
print(difflib.get_close_matches("appel", ["ape", "apple", "peach", "puppy"]))
for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, "qabxcd", "abycdf").get_opcodes():
    print(tag, i1, i2, j1, j2)
