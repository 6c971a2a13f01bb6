class Door:
    transitions = {("closed", "open"): "opened", ("opened", "close"): "closed", ("closed", "lock"): "locked", ("locked", "unlock"): "closed"}
    def __init__(self):
        self.state = "closed"
    def do(self, action):
        try:
            self.state = self.transitions[self.state, action]
        except KeyError:
            print(f"cannot {action} when {self.state}")
        return self
d = Door().do("open").do("lock").do("close").do("lock")
print(d.state)
