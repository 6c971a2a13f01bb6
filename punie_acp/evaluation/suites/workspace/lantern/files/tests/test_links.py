from tools.links import broken, links


def test_links_to_other_sites_are_left_out():
    assert links("[a](b.md) [c](https://example.org) [d](mailto:x@example.org)") == ["b.md"]


def test_what_leads_nowhere(tmp_path):
    (tmp_path / "there.md").write_text("# There\n")
    page = tmp_path / "page.md"
    page.write_text("[1](there.md) [2](there.md#there) [3](there.md#here) [4](gone.md) [5](#me)\n# Me\n")
    assert list(broken(page)) == [("there.md#here", "no such heading"), ("gone.md", "no such file")]
