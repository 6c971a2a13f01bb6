import re
def is_palindrome(s: str) -> bool:
    cleaned = re.sub(r"[^a-z0-9]", "", s.lower())
    return cleaned == cleaned[::-1]
for s in ["A man, a plan, a canal: Panama", "hello", ""]:
    print(repr(s), is_palindrome(s))
