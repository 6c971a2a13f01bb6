import html
print(html.escape("<a href='x'>T&C</a>"), html.unescape("&lt;b&gt; &amp;"))
text = open("docs/guide.md").read()
import re
print(re.findall(r"https?://[^\s)]+", text))
