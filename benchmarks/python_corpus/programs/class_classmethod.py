class User:
    count = 0

    def __init__(self, name, email):
        self.name = name
        self.email = email
        User.count += 1

    @classmethod
    def from_string(cls, text):
        name, email = text.split(",")
        return cls(name.strip(), email.strip())

    @staticmethod
    def is_valid(email):
        return "@" in email

    def __str__(self):
        return f"{self.name} <{self.email}>"

u = User.from_string("Ada, ada@example.org")
print(u, User.is_valid(u.email), User.is_valid("nope"), u.is_valid("a@b"), User.count)
