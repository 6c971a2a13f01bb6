from hivebook.pages import fill


def test_values_are_escaped():
    assert fill("<p>$name</p>", {"name": "a < b"}) == "<p>a &lt; b</p>"


def test_a_block_is_repeated():
    text = "<ul>\n  <!-- each rows -->\n  <li>$name of $all</li>\n  <!-- end -->\n</ul>\n"
    assert fill(text, {"rows": [{"name": 1}, {"name": 2}], "all": 2}) == "<ul>\n  <li>1 of 2</li>\n  <li>2 of 2</li>\n</ul>\n"


def test_the_list_of_hives(client):
    page = client.get("/hives")
    assert page.status == 200
    assert "13 hives" in page.text
    assert "Milan Dvořák" in page.text


def test_searching_for_a_site(client):
    page = client.get("/hives?q=Heide").text
    assert "Sandweg" in page
    assert "Robinie" not in page


def test_a_hive_shows_its_newest_inspections_first(client):
    page = client.get("/hives/H01").text
    assert page.index("2025-07-13") < page.index("2025-06-22")
    assert "2024-04-14" not in page
    assert "2024-04-14" in client.get("/hives/H01?page=2").text


def test_an_inspection_is_written_down(client):
    answer = client.post("/hives/H09/inspect", date="2025-07-19", queen="yes", honey="1.5", note="Quiet.")
    assert (answer.status, answer.headers["Location"]) == (303, "/hives/H09")
    assert "Quiet." in client.get("/hives/H09").text


def test_a_wrong_form_comes_back(client):
    before = len(client.store.inspections())
    answer = client.post("/hives/H09/inspect", date="yesterday", note="Quiet.")
    assert answer.status == 422
    assert "Write the date like" in answer.text
    assert "Quiet." in answer.text
    assert len(client.store.inspections()) == before


def test_errors_have_a_page(client):
    assert client.get("/bees").status == 404
    assert client.get("/hives/H99").status == 404
    assert client.post("/hives").headers["Allow"] == "GET"


def test_static_files(client):
    answer = client.get("/static/style.css")
    assert answer.headers["Content-Type"] == "text/css"
    assert b"--honey" in answer.body
