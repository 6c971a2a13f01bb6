import pytest

from hivebook.app import ROUTES
from hivebook.figures import days_since, paginate
from hivebook.forms import read_date, read_honey
from hivebook.messages import MethodNotAllowed, NotFound
from hivebook.routing import Router

ROUTER = Router(ROUTES)


def test_places_in_an_address():
    handler, arguments = ROUTER.match("GET", "/hives/H07/inspect")
    assert (handler.__name__, arguments) == ("inspection_form", {"id": "H07"})


def test_addresses_that_nobody_answers():
    with pytest.raises(NotFound):
        ROUTER.match("GET", "/hives/H07/")
    with pytest.raises(MethodNotAllowed):
        ROUTER.match("DELETE", "/hives/H07")


def test_addresses_are_made_from_names():
    assert ROUTER.url_for("hive", id="H 7") == "/hives/H%207"
    assert ROUTER.url_for("hive", id="H07", page=2) == "/hives/H07?page=2"


def test_pages():
    page = paginate(list("abcde"), 2, 3)
    assert (page.rows, page.number, page.count) == (["d", "e"], 2, 2)
    assert paginate(list("abcde"), 9, 3).number == 2


def test_days():
    from datetime import date

    assert days_since("2025-06-30", date(2025, 7, 20)) == 20


def test_dates_and_weights():
    assert read_date("2025-06-01") == "2025-06-01"
    assert (read_honey(""), read_honey("12.5")) == (0.0, 12.5)
    for text in ("much", "-1", "61"):
        with pytest.raises(ValueError):
            read_honey(text)
