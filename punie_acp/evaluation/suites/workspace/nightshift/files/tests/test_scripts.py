import subprocess


def run(root, *command):
    return subprocess.run(["sh", *map(str, command)], cwd=root, capture_output=True, text=True)


def test_new_scans_are_copied_once(root, tmp_path):
    source = tmp_path / "scans"
    source.mkdir()
    for name in ("a.tif", "b.tiff", "notes.txt"):
        (source / name).write_text(name)
    done = run(root, "bin/copy-scans.sh", source, tmp_path / "target")
    assert done.stdout == "2 copied\n"
    done = run(root, "bin/copy-scans.sh", source, tmp_path / "target")
    assert done.stdout == "0 copied\n"


def test_prune_refuses_what_it_does_not_know(root, tmp_path):
    done = run(root, "bin/prune.sh", "hourly", tmp_path)
    assert done.returncode == 2
    assert "nothing is known of hourly" in done.stderr


def test_health(root, tmp_path):
    assert run(root, "bin/health.sh", tmp_path, 100).returncode == 0
