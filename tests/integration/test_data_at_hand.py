"""Data files that a prompt names, as variables of the programs that it leads to."""

import json

import pytest

pytestmark = pytest.mark.anyio

HIVES = [{"id": f"H{number}", "site": "Schule" if number % 2 else "Hof"} for number in range(1, 7)]
ROWS = '[{**row, "honey": int(row["honey"])} for row in csv.DictReader(open("looks.csv"))]'
MORE = """**{"hive_" + name: hives.get(one.get("hive"), {}).get(name) for name in ['site']}"""
READ_LOOKS = f"looks = [{{**one, {MORE}}} for one in {ROWS}]"
READ_HIVES = 'hives = {one["id"]: one for one in json.load(open("hives.json"))}'


@pytest.fixture
async def client(recalling_agent):
    yield recalling_agent
    recalling_agent.check()


async def ask(
    client, project, *programs, question="How much honey, by looks.csv and hives.json, is from the site Hof?"
):
    """The session in which the model has written `programs`, and what it was told before and after them."""
    (project / "hives.json").write_text(json.dumps(HIVES))
    (project / "looks.csv").write_text("hive,honey\nH1,3\nH2,4\nH9,8\n")
    session = await client.new_session(project)
    script = json.dumps([*({"code": program} for program in programs), {"text": "So it is."}])
    assert (await client.prompt(session, f"{script} {question}")).stop_reason == "end_turn"
    before = len(client.text(session))
    await client.prompt(session, "What were you told?")
    return session, client.text(session)[before:]


async def test_a_program_that_uses_them_is_shown_with_the_lines_that_read_them(client, project):
    program = 'print(sum(look["honey"] for look in looks if hives.get(look["hive"], {}).get("site") == "Hof"))'
    session, told = await ask(client, project, program)
    (shown,) = client.programs(session)
    assert shown.status == "completed"
    assert shown.fields["rawInput"]["code"] == (
        f"import csv, json\n{READ_HIVES}  # hives.json\n{READ_LOOKS}  # looks.csv\n{program}"
    )
    assert [call.fields["title"] for call in client.calls(session)] == ["Read hives.json", "Read looks.csv"]
    assert "```\n4\n```" in told


async def test_entries_have_the_columns_of_those_that_they_name(client, project):
    session, told = await ask(
        client, project, 'print(sum(one["honey"] for one in looks if one.get("hive_site") == "Hof"))'
    )
    assert "```\n4\n```" in told
    assert [call.fields["title"] for call in client.calls(session)] == ["Read hives.json", "Read looks.csv"]


async def test_where_a_program_has_bound_the_other_table_itself_the_entries_are_those_of_the_file(client, project):
    session, told = await ask(client, project, "hives = ['H1']\nprint(hives)", "print(looks[0])")
    assert "{'hive': 'H1', 'honey': 3}\n" in told
    assert [call.fields["title"] for call in client.calls(session)] == ["Read looks.csv"]


async def test_an_entry_that_lacks_a_key_leads_to_the_table_that_has_it(client, project):
    wrong = 'print([look for look in looks if look["site"] == "Hof"])'
    _, told = await ask(client, project, wrong)
    instead = wrong.replace('look["site"]', 'look.get("hive_site")')
    assert 'Hint: Entries of hives have "site", those of looks have it as "hive_site".' in told
    assert f"Instead:\n```python\n{instead}\n```" in told


async def test_printed_keys_are_told_with_their_entries(client, project):
    _, told = await ask(
        client, project, "print([key for key in hives if key not in {one['hive'] for one in looks}][0])"
    )
    assert "else act again.\nThe site of H3 is 'Schule'." in told


async def test_what_a_program_has_made_itself_is_not_read_over(client, project):
    session, _ = await ask(client, project, "looks = [1]\nprint(1)", "print(looks, len(hives))")
    first, second = client.programs(session)
    assert first.fields["rawInput"]["code"] == "looks = [1]\nprint(1)"
    assert second.fields["rawInput"]["code"] == f"import json\n{READ_HIVES}  # hives.json\nprint(looks, len(hives))"
    assert second.fields["rawOutput"]["output"] == "[1] 6\n"
