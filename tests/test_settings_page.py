"""The page of settings is what the program takes."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_table_of_settings_is_that_of_the_program():
    """If the settings were changed on purpose: python scripts/settings_table.py"""
    spec = importlib.util.spec_from_file_location("settings_table", ROOT / "scripts" / "settings_table.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = (ROOT / "docs" / "settings.md").read_text()
    assert script.filled(page) == page
    rows = [line for line in page.splitlines() if line.startswith("| `") and "`PUNIE_" in line]
    assert len(rows) > 15
    assert not [row for row in rows if row.rstrip().endswith("|  |")], "a setting without a meaning"
