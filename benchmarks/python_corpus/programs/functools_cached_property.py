from functools import cached_property
class Report:
    def __init__(self, path):
        self.path = path
    @cached_property
    def lines(self):
        print("reading")
        with open(self.path) as f:
            return f.readlines()
r = Report("data/words.txt")
print(len(r.lines), len(r.lines))
