"""Hints for who has taken the data at hand for something else."""

import json

import pytest

from punie_acp.codemode.events import ProgramError
from punie_acp.codemode.tablehints import TableHint, entries_named, table_hint
from punie_acp.codemode.tables import tables_of

HIVES = json.dumps([{"id": f"H{n}", "site": "Schule" if n % 2 else "Hof", "keeper": f"K{n % 3}"} for n in range(1, 7)])
KEEPERS = json.dumps({f"K{n}": {"name": f"Keeper {n}"} for n in range(3)})
LOOKS = "hive,day,honey,share,code\nH1,2024-05-01,3,0.5,007\nH2,2024-05-02,4,1,010\nH9,2024-05-02,0,0.25,011\n"
FILES = {"data/looks.csv": LOOKS, "data/hives.json": HIVES, "data/keepers.json": KEEPERS}
TABLES = tables_of(FILES)


def hint(message, code):
    return table_hint(ProgramError("runtime", message, 1, code), code, TABLES)


def test_a_key_that_another_table_has_is_taken_from_there():
    found = hint("KeyError: 'site'", 'print([look for look in looks if look["site"] == "Hof"])')
    assert found.told == 'Entries of hives have "site", those of looks do not'
    assert found.program == 'print([look for look in looks if hives.get(look["hive"], {}).get("site") == "Hof"])'


@pytest.mark.parametrize(
    ("message", "code", "told"),
    [
        ("KeyError: code", "x = hive['code']", 'Entries of looks have "code": for one in looks: one["code"]'),
        ("KeyError: honey", "x = get(hive)", 'Entries of looks have "honey": for one in looks: one["honey"]'),
        ("KeyError: 'name'", "x", 'Entries of keepers have "name": for one in keepers.values(): one["name"]'),
        ("KeyError: 'H9'", 'hives["H9"]', ""),
        ("IndexError: list index out of range", "", ""),
    ],
)
def test_where_there_is_no_way_from_one_to_the_other_the_table_is_named(message, code, told):
    assert hint(message, code) == TableHint(told)


@pytest.mark.parametrize(
    ("code", "program"),
    [
        (
            "max(hives.values(), key=lambda a: a['honey'])",
            'max(hives.values(), key=lambda a: sum(one["honey"] or 0 for one in looks if one["hive"] == a["id"]))',
        ),
        (
            "for one in hives.values(): n += one['honey']",
            'for one in hives.values(): n += sum(row["honey"] or 0 for row in looks if row["hive"] == one["id"])',
        ),
    ],
)
def test_numbers_of_those_that_name_an_entry_are_taken_together(code, program):
    told = 'Entries of looks have "honey", any number of them for one of the others'
    assert hint("KeyError: 'honey'", code) == TableHint(told, program)


def test_of_several_tables_whose_entries_are_named_it_is_the_one_that_is_gone_through():
    walks = "beach,who,kilograms\nN1,ida,6.5\nS1,omar,2.0\nS1,ida,2\nN1,omar,1\n"
    people = json.dumps([{"id": "ida", "name": "Ida"}, {"id": "omar", "name": "Omar"}])
    beaches = json.dumps([{"code": "N1", "metres": 10}, {"code": "S1", "metres": 20}])
    tables = tables_of({"walks.csv": walks, "people.json": people, "beaches.json": beaches})
    code = "kilos = {one['id']: one['kilograms'] for one in people.values()}"
    (found,) = [table_hint(ProgramError("runtime", "KeyError: kilograms", 1, code), code, tables)]
    assert 'sum(row["kilograms"] or 0 for row in walks if row["who"] == one["id"])' in found.program
    code = "print(get()['kilograms'])"
    assert not table_hint(ProgramError("runtime", "KeyError: kilograms", 1, code), code, tables).program


@pytest.mark.parametrize(
    ("code", "program"),
    [
        ("for hive in hives:\n    print(hive['site'])", "for hive in hives.values():\n    print(hive['site'])"),
        ("max(hives, key=lambda hive: hive['id'])", "max(hives.values(), key=lambda hive: hive['id'])"),
    ],
)
def test_who_takes_keys_for_entries_is_given_the_program_that_goes_through_the_entries(code, program):
    found = hint("TypeError: string indices must be integers, not 'str'", code)
    assert found == TableHint("hive is a key of hives, not its entry", program)


@pytest.mark.parametrize(
    "code",
    [
        "for look in looks:\n    print(look['hive']['site'])",
        "for hive in hives.values():\n    print(hive['site']['name'])",
    ],
)
def test_of_other_texts_that_are_taken_for_entries_nothing_is_known(code):
    assert hint("TypeError: string indices must be integers, not 'str'", code) == TableHint()


def test_entries_are_told_whose_keys_were_printed_or_what_is_asked_of_them():
    assert entries_named("K2, H1 and H9, 3\n", "", TABLES) == [
        "keepers['K2'] is {'name': 'Keeper 2'}",
        "hives['H1'] is {'id': 'H1', 'site': 'Schule', 'keeper': 'K1'}",
    ]
    assert entries_named("['H1', 'H2']", "Which sites?", TABLES) == [
        "The site of H1 is 'Schule'.",
        "The site of H2 is 'Hof'.",
    ]
    assert entries_named("H1", "Of which site and keeper?", TABLES) == [
        "The site of H1 is 'Schule' and the keeper of H1 is 'K1'."
    ]
    assert len(entries_named("H1 H2 H3 H4", "", TABLES)) == 3
    assert entries_named("H1 " * 100, "", TABLES) == []
    numbered = tables_of({"a.json": '{"1": {"b": 2}, "2": {"b": 3}}'})
    assert entries_named("1", "", numbered) == []
