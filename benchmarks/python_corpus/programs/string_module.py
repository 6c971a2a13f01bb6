import string
print(string.ascii_lowercase, string.digits, string.punctuation)
t = string.Template("Hello $name, you owe ${amount}$$")
print(t.substitute(name="Ada", amount=5))
print(t.safe_substitute(name="Bob"))
print(string.capwords("the shop of things"))
