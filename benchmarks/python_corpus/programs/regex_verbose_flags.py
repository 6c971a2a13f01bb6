import re
date = re.compile(r"""
    (?P<year>\d{4})   # year
    -(?P<month>\d\d)  # month
""", re.VERBOSE)
print(date.search("on 2024-05-06").groupdict())
print(re.findall(r"^\w+", "one\nTwo", re.MULTILINE), re.findall("two", "one\nTwo", re.I), re.search("a.b", "a\nb", re.DOTALL) is not None)
print([(m.start(), m.group()) for m in re.finditer(r"o", "foo boo")])
