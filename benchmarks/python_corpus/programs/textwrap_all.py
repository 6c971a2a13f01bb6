import textwrap
text = "The quick brown fox jumps over the lazy dog and then, having jumped, sleeps for a very long time indeed."
print(textwrap.fill(text, width=30))
print(textwrap.wrap(text, 40)[1])
print(textwrap.shorten(text, width=40, placeholder="..."))
print(textwrap.indent("a\nb\n", "  > "))
print(textwrap.dedent("""\
    def f():
        return 1
"""))
print(textwrap.fill("hyphen-ated words and supercalifragilistic", 12, initial_indent="* ", subsequent_indent="  "))
