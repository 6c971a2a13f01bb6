from tools.nav import Entry, read


def test_settings_and_entries():
    settings, entries = read("site_name: Lamp\nnav:\n  - Start: index.md\n  - A: b: a/b.md\n")
    assert settings == {"site_name": "Lamp"}
    assert entries == [Entry("Start", "index.md"), Entry("A: b", "a/b.md")]


def test_every_entry_has_its_page(root):
    _, entries = read((root / "nav.yml").read_text())
    assert [entry.path for entry in entries if not (root / "docs" / entry.path).is_file()] == []
