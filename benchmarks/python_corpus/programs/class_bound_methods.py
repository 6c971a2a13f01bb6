class Menu:
    def __init__(self):
        self.actions = {"greet": self.greet, "bye": self.bye}
    def greet(self, who):
        return f"hello {who}"
    def bye(self, who):
        return f"bye {who}"
    def run(self, action, who):
        return self.actions.get(action, self.unknown)(who)
    def unknown(self, who):
        return "?"

m = Menu()
print(m.run("greet", "ada"), m.run("bye", "bob"), m.run("x", "y"))
f = m.greet
print(f("z"), getattr(m, "bye")("w"))
add = [].append
items = []
push = items.append
for i in range(3):
    push(i)
print(items)
