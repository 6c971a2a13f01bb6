import re
text = "Emails: ada@example.org, bob.b@test.co.uk; phone +44 20 7946 0958"
print(re.findall(r"[\w.]+@[\w.]+\w", text))
print(re.split(r"[:;,]\s*", text))
m = re.search(r"(?P<user>\w+)@(?P<host>[\w.]+)", text)
print(m.group("user"), m["host"], m.span(), m.groups(), m.groupdict())
print(re.sub(r"(\w+)@(\w+)", r"\2 at \1", text, count=1), bool(re.match("Emails", text)), re.fullmatch(r"\d+", "123") is not None)
