class Inventory:
    def __init__(self):
        self._stock = {}
    def __getitem__(self, name):
        return self._stock[name]
    def __setitem__(self, name, count):
        self._stock[name] = count
    def __delitem__(self, name):
        del self._stock[name]
    def __contains__(self, name):
        return name in self._stock
    def __iter__(self):
        return iter(self._stock)
    def __len__(self):
        return len(self._stock)

inv = Inventory()
inv["tea"] = 3
inv["cup"] = 5
inv["tea"] += 1
del inv["cup"]
print(len(inv), "tea" in inv, "cup" in inv, list(inv), inv["tea"])
