"""Which prompts name something of the project."""

import pytest

from punie_acp.workspace.mentions import names_of_project


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
