"""Which prompts name something of the project."""

import pytest

from punie_acp.workspace import mentions
from punie_acp.workspace.mentions import asks_to_run, command_to_run, files_to_make, names_of_project


@pytest.fixture
def root(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/shop.py").write_text("")
    (tmp_path / "tests").mkdir()
    (tmp_path / "README.md").write_text("")
    return tmp_path


@pytest.mark.parametrize(
    "prompt",
    [
        "What is in README.md?",
        "Which functions does src/shop.py define? Answer with names only.",
        "Look into `src/`.",
        "How many files are in the folder tests?",
        "How many files has the src folder?",
        "Run sh -c true and say what it prints.",
        "please run `src/shop.py`",
        "It is in ./README.md.",
        "Mend what you find. Then run `sh -c true`.",
        "Mend it, and run src/shop.py.",
        "In which file is the class Shop defined?",
        "How many Python files are there?",
        "What is this project about?",
        "Which classes have the pages templates/*.html?",
        "Are there any *.rst?",
    ],
)
def test_a_file_a_folder_or_a_command_is_something_of_the_project(root, prompt):
    assert names_of_project(prompt, root)


@pytest.mark.parametrize(
    "prompt",
    [
        "Hello!",
        "How do I write good tests?",
        "What is setup.py for?",
        "Is 3.5 more than 3.25?",
        "What is in /etc/passwd?",
        "And in ../other/README.md?",
        "Run a marathon?",
        "How does one run sh?",
        "Rabbits hop and run away.",
        "What is 2 * 3?",
        "Is *this* or **that** right?",
        "Which file format is the smallest?\n```\na\n```",
        "What does this do?\n```README.md\n# Shop\n```",
        "...",
        "/",
        "x" * 5000 + ".py",
        "x" * 1_000_000,
        "x folder " * 100_000,
        "nul\0.py",
    ],
)
def test_other_words_are_not(root, prompt):
    assert not names_of_project(prompt, root)


def test_files_that_are_to_be_made(root):
    assert files_to_make("Write src/new.py and ./tests/test_new.py, not src/shop.py.", root) == [
        "src/new.py",
        "tests/test_new.py",
    ]
    for prompt in ("Write new.py", "See nowhere/new.py", "About src/new", "```\nsrc/new.py\n```", "and/or and 3/4.5"):
        assert files_to_make(prompt, root) == []


def test_a_command_may_be_asked_for_after_something_else(root):
    assert asks_to_run("Write it and run sh", root)
    assert not asks_to_run("Write it and run nothing-of-this-name", root)
    assert not asks_to_run("Write it and run sh:\n```\na\n```", root)


@pytest.mark.parametrize(
    ("prompt", "command"),
    [
        ("Run sh -c ls. How many?", "sh -c ls"),
        ("Mend it. Then run sh tests/all.sh -q.", "sh tests/all.sh -q"),
        ("Please run `sh -c 'ls; ls'` and tell me.", "sh -c 'ls; ls'"),
        ("Mend it, run sh -q and tell what it says", "sh -q"),
        ("Mend it.\nThen run sh x.sh\nand stop.", "sh x.sh"),
        ("How does one run sh?", ""),
    ],
)
def test_the_command_that_is_asked_for(root, prompt, command):
    assert command_to_run(prompt, root) == command


@pytest.mark.parametrize(
    "prompt",
    [
        "Make area() refuse it.",
        "f(1) should give 2.",
        "See a.py. Mend f; then stop.",
        "Please rename it.",
        "It must be 2",
    ],
)
def test_asking_for_a_change(prompt):
    assert mentions.asks_for_change(prompt)


@pytest.mark.parametrize("prompt", ["What does f give?", "Who made the change?", "Make ```f``` so", "Add" + "itional"])
def test_asking_for_something_else(prompt):
    assert not mentions.asks_for_change(prompt)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("In which file is area()?", "answer"),
        ("Can you make area() refuse it?", "change"),
        ("area() refuses it. Why? It should not.", "change"),
        ("Please rename area() to surface().", "rename"),
        ("Write reports/kinds.json: the sums.", "unknown"),
    ],
)
def test_what_a_prompt_wants(prompt, expected):
    assert mentions.wanted(prompt) == expected


def test_names_of_code_are_no_paths():
    sure, maybe = mentions.names_of_code(
        "Let scale() in src/units.py, old_name, `run`, HeadOf and main be as in units.py"
    )
    assert sure == {"scale", "old_name", "run", "HeadOf"}
    assert "main" in maybe
    assert not (sure | maybe) & {"units", "src", "py"}


def test_folders_are_named_by_path_by_word_and_by_pattern(tmp_path):
    for folder in ("docs", "data/raw", "recipes"):
        (tmp_path / folder).mkdir(parents=True)
    prompt = "Compare data/raw with the folder docs and recipes/*.json, missing/ and ../data."
    assert sorted(mentions.folders_named(prompt, tmp_path)) == ["data/raw", "docs", "recipes"]
    assert mentions.folders_named("the docs are recipes", tmp_path) == []
    assert mentions.folders_named("```the folder docs```", tmp_path) == []
