from tools.slugs import anchors, slug


def test_a_heading_becomes_an_anchor():
    assert slug("Where the file is") == "where-the-file-is"
    assert slug("Does it need the internet?") == "does-it-need-the-internet"


def test_code_has_no_headings():
    assert anchors("# One\n```sh\n# not this\n```\n## Two\n") == ["one", "two"]
