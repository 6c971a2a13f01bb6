from tools.build import body, build, inline, with_snippets


def test_inline():
    assert inline("a `<b>` **c**") == "a <code>&lt;b&gt;</code> <strong>c</strong>"
    assert inline("[x](../y.md#z)") == '<a href="../y.html#z">x</a>'


def test_body():
    assert body("# A b\n- c\n\n```\n# d\n```") == '<h1 id="a-b">A b</h1>\n<li>c</li>\n<pre>\n# d\n</pre>'


def test_snippets(tmp_path):
    (tmp_path / "x.sh").write_text("ls\n")
    assert with_snippets('a\n--8<-- "x.sh"\nb', tmp_path) == "a\n```\nls\n```\nb"


def test_the_site(root, tmp_path):
    assert build(root, tmp_path) == len(list(tmp_path.rglob("*.html")))
    assert "docker run" in (tmp_path / "install" / "containers.html").read_text()
