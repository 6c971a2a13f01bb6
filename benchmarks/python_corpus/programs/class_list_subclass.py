class History(list):
    def last(self):
        return self[-1] if self else None
    def append(self, item):
        if item != self.last():
            super().append(item)

h = History()
h.append("a")
h.append("a")
h.append("b")
print(h, len(h), h.last())
