"""Ordinary Python that touches the project, as external calls; and that programs of the usual kind run at all."""

import subprocess
import sys

import pytest

from punie_acp.codemode.events import CallType

SAME_AS_CPYTHON = {
    "open and read": 'with open("a.txt") as f:\n    print(f.read())',
    "lines": 'for line in open("a.txt", encoding="utf-8"):\n    print(line.strip())',
    "readlines": 'f = open("a.txt")\nprint(f.readline(), f.readlines(), f.read(), f.closed)\nf.close()\nprint(f.closed)',
    "enumerate a file": 'with open("a.txt") as f:\n    for n, line in enumerate(f, 1):\n        print(n, line, end="")',
    "write": 'with open("w.txt", "w") as f:\n    f.write("a\\n")\n    f.writelines(["b\\n", "c\\n"])\n    print("d", file=f)\nprint(open("w.txt").read())',
    "append": 'with open("a.txt", "a") as f:\n    f.write("four\\n")\nprint(open("a.txt").read())',
    "append to nothing": 'with open("n.txt", "a") as f:\n    f.write("x")\nprint(open("n.txt").read())',
    "write at once": 'open("w.txt", "w").write("now")\nprint(open("w.txt").read())',
    "update": 'with open("a.txt", "r+") as f:\n    t = f.read()\n    f.seek(0)\n    f.write(t.upper())\nprint(open("a.txt").read())',
    "bytes": 'with open("b.bin", "wb") as f:\n    f.write(b"\\x00\\xff\\n")\nprint(open("b.bin", "rb").read())',
    "exclusive": 'try:\n    open("a.txt", "x")\nexcept FileExistsError:\n    print("exists")',
    "not there": 'try:\n    open("missing")\nexcept FileNotFoundError:\n    print("missing")',
    "json files": 'import json\nd = json.load(open("data.json"))\nd["n"] += 1\nwith open("o.json", "w") as f:\n    json.dump(d, f, indent=2)\nprint(open("o.json").read())',
    "csv files": 'import csv\nwith open("t.csv", "w", newline="") as f:\n    w = csv.writer(f, lineterminator="\\n")\n    w.writerow(["a", "b"])\n    w.writerow([1, 2])\nprint(list(csv.DictReader(open("t.csv"))))',
    "Path text": 'from pathlib import Path\np = Path("src") / "new.txt"\np.write_text("hé", encoding="utf-8")\nprint(p.read_text(encoding="utf-8"), p.exists(), p.is_file(), p.is_dir(), p.parent, p.suffix)',
    "Path bytes": 'from pathlib import Path\nPath("b").write_bytes(b"12")\nprint(Path("b").read_bytes(), Path("b").stat().st_size)',
    "Path folders": 'from pathlib import Path\nPath("x/y").mkdir(parents=True, exist_ok=True)\nPath("x/y/f").touch()\nprint(sorted(Path("x").iterdir()), sorted(p.name for p in Path("x/y").iterdir()))',
    "Path glob": 'from pathlib import Path\nprint(sorted(Path(".").glob("*.txt")), sorted(Path("src").rglob("*.py")), sorted(str(p) for p in Path(".").glob("**/*.py")))',
    "Path changes": 'from pathlib import Path\nPath("a.txt").rename("z.txt")\nPath("data.json").unlink()\nPath("data.json").unlink(missing_ok=True)\nprint(sorted(p.name for p in Path(".").iterdir()))',
    "Path open": 'from pathlib import Path\nwith Path("o.txt").open("w") as f:\n    f.write("q")\nprint((Path(".") / "o.txt").open().read())',
    "Path parts": 'from pathlib import Path\np = Path("src/deep/c.py")\nprint(p.relative_to("src"), p.with_suffix(".txt"), p.stem, p.parts, p.parents[0], p.match("*.py"), p.is_relative_to("src"))',
    "os": 'import os\nprint(sorted(os.listdir(".")), os.path.exists("a.txt"), os.path.isfile("src"), os.path.isdir("src"), os.path.getsize("a.txt"), os.path.join("a", "b"), os.path.splitext("a.b"), os.path.basename("x/y"))',
    "os changes": 'import os\nos.makedirs("m/n", exist_ok=True)\nos.rename("a.txt", "m/a.txt")\nos.remove("data.json")\nos.mkdir("k")\nos.rmdir("k")\nprint(sorted(os.listdir(".")), sorted(os.listdir("m")))',
    "os.walk": 'import os\nfor root, dirs, files in os.walk("src"):\n    print(root, sorted(dirs), sorted(files))',
    "os.getcwd": 'import os\nprint(os.path.abspath("a.txt") == os.path.join(os.getcwd(), "a.txt"))',
    "from os": 'from os import path, listdir\nfrom os.path import join as j\nprint(path.exists("a.txt"), len(listdir("src")), j("a", "b"))',
    "glob": 'import glob\nprint(sorted(glob.glob("*.txt")), sorted(glob.glob("**/*.py", recursive=True)), sorted(glob.iglob("src/*")))',
    "shutil": 'import shutil, os\nshutil.copy("a.txt", "src")\nshutil.move("data.json", "d.json")\nshutil.copytree("src", "copy")\nshutil.rmtree("src/deep")\nprint(sorted(os.listdir("src")), sorted(os.listdir("copy")), os.path.exists("data.json"))',
    "subprocess": 'import subprocess\nr = subprocess.run(["sh", "-c", "echo hi; exit 2"], capture_output=True, text=True)\nprint(r.returncode, r.stdout, r.stderr)\nprint(subprocess.check_output("echo yes", shell=True, text=True), subprocess.call("exit 4", shell=True))',
    "subprocess fails": 'import subprocess\ntry:\n    subprocess.run("exit 5", shell=True, check=True)\nexcept subprocess.CalledProcessError:\n    print("failed")',
    "subprocess input": 'import subprocess\nprint(subprocess.run(["cat"], input="typed", capture_output=True, text=True).stdout)',
    "Popen": 'import subprocess\np = subprocess.Popen("cat; exit 3", shell=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)\nout, _ = p.communicate("in")\nprint(out, p.returncode)',
    "sys": 'import sys\nsys.stdout.write("w\\n")\nprint("e", file=sys.stderr)\nprint("o", file=sys.stdout)\nsys.exit(0)',
    "StringIO": 'import io\nf = io.StringIO()\nf.write("a\\nb\\n")\nprint("c", file=f)\nf.seek(0)\nprint(f.readlines(), f.getvalue())',
    "main": 'def main():\n    print("ran")\n\nif __name__ == "__main__":\n    main()',
    "asyncio": "import asyncio\nasync def one(n):\n    await asyncio.sleep(0)\n    return n\nasync def main():\n    print(await asyncio.gather(one(1), one(2)))\nasyncio.run(main())",
    "methods of str": 'print(list(map(str.strip, [" a ", "b "])), sorted(["b", "A"], key=str.lower))',
    "exceptions with values": 'try:\n    raise ValueError(5)\nexcept ValueError as e:\n    print("got", e)',
}


@pytest.mark.parametrize("name", SAME_AS_CPYTHON)
def test_it_prints_and_leaves_what_cpython_does(lab, name):
    code = SAME_AS_CPYTHON[name]
    ran = lab.run(code)
    ours = snapshot(lab.root)
    lab.fill()
    theirs = subprocess.run([sys.executable, "-c", code], cwd=lab.root, capture_output=True, text=True, check=False)
    assert ran.outcome.error is None
    assert sorted(ran.output.split("\n")) == sorted((theirs.stdout + theirs.stderr).split("\n"))
    assert ours == snapshot(lab.root)


def snapshot(root):
    return {str(p.relative_to(root)): p.read_bytes() if p.is_file() else None for p in root.rglob("*")}


def test_one_file_written_in_parts_is_one_call_with_one_diff(lab):
    ran = lab.run('with open("a.txt", "w") as f:\n    f.write("1\\n")\n    f.write("2\\n")\n')
    (request,) = ran.requests
    assert (request.type, request.source_line) == (CallType.WRITE, 1)
    assert request.changes[0].old_text == "one\ntwo\nthree\n"
    assert request.changes[0].new_text == "1\n2\n"


def test_a_refused_file_keeps_what_it_had(lab):
    ran = lab.run(
        'try:\n    with open("a.txt", "w") as f:\n        f.write("gone")\nexcept PermissionError as e:\n    print(e)',
        refuse=lambda call: "no" if call.type is CallType.WRITE else None,
    )
    assert ran.output == "no\n"
    assert (lab.root / "a.txt").read_text() == "one\ntwo\nthree\n"


def test_a_file_left_open_is_written_at_the_end(lab):
    ran = lab.run('f = open("left.txt", "w")\nf.write("kept")')
    assert (lab.root / "left.txt").read_text() == "kept"
    assert ran.requests[0].source_line == 1


@pytest.mark.parametrize(
    "code",
    [
        'import os\n\nos.path.exists("a.txt")',
        'from pathlib import Path\n\nPath("a.txt").read_text()',
        'x = 1\n\nopen("a.txt").read()',
        'import glob\n\nglob.glob("*")',
        'import subprocess\n\nsubprocess.run("true", shell=True)',
        'from pathlib import Path\n\nPath("a.txt").open("r").read()',
    ],
)
def test_every_call_knows_its_line(lab, code):
    assert [request.source_line for request in lab.run(code).requests] == [3]


def test_uncaptured_output_of_a_command_is_printed(lab):
    assert lab.run('import subprocess\nsubprocess.run("echo loud", shell=True)').output == "loud\n"


def test_forgotten_imports_do_not_matter(lab):
    assert (
        lab.run('print(json.loads("[1]"), Path("a.txt").name, re.sub("a", "b", "a"), os.sep)').output
        == "[1] a.txt b /\n"
    )


def test_secrets_in_the_environment_are_not_seen(lab, monkeypatch):
    monkeypatch.setenv("API_TOKEN", "hush")
    assert (
        lab.run('import os\nprint(os.environ.get("API_TOKEN"), os.getenv("API_TOKEN", "none"))').output == "None none\n"
    )


def test_network_modules_are_refused_with_a_reason(lab):
    error = lab.run("import requests\nrequests.get('http://x')").outcome.error
    assert (error.kind, error.line) == ("type", 1)
    assert "no network" in error.message
