s = "  Hello, World  "
print(s.strip().lower(), s.upper().strip(), s.replace("l", "L").strip(), s.strip().split(", "))
print("a-b-c".split("-", 1), "a,b".partition(","), "x".join(["1", "2"]), "abc".find("c"), "abcabc".count("b"))
print("title case here".title(), "Swap".swapcase(), "7".zfill(3), "ab".center(6, "*"), "ab".ljust(4, "."), "ab".rjust(4))
print("abc".isalpha(), "12".isdigit(), "a1".isalnum(), "A".isupper(), " ".isspace(), "tEST".capitalize())
print("prefix_name".removeprefix("prefix_"), "file.txt".removesuffix(".txt"), "line1\nline2".splitlines())
print("hello"[::-1], "hello"[1:3], "hello"[-2:], "ab" * 3, "ell" in "hello", "a" < "b", ord("a"), chr(98))
