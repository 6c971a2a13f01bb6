from lib.logs import Entry, megabytes, parse, read


def test_a_line():
    entry = parse("2026-03-02T01:00:04 INFO backup[atlas] started\n")
    assert entry == Entry("2026-03-02T01:00:04", "INFO", "backup", "atlas", "started")


def test_other_lines_are_left_out(tmp_path):
    file = tmp_path / "night.log"
    file.write_text("rsync: warning\n2026-03-02T01:00:04 INFO backup[atlas] started\n\n")
    assert len(read(file)) == 1


def test_megabytes():
    lines = ["t INFO backup[a] finished in 9 s, 20 MB", "t INFO scans[a] finished in 1 s, 3 MB", "t INFO prune[b] done"]
    assert megabytes(map(parse, lines)) == {"a": 23}
