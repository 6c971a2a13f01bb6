"""The pages. A handler takes the application, the request and what the address says."""

import mimetypes
from pathlib import Path

from hivebook.figures import days_since, honey_by_hive, last_inspections, overdue, paginate
from hivebook.forms import read_inspection
from hivebook.messages import NotFound, Response, see_other
from hivebook.pages import kilograms, paragraphs, render

STATIC = Path(__file__).parent.parent / "static"
PAGE_SIZE = 6


def home(app, request):
    late = overdue(app.store.hives(), app.store.inspections(), app.today())
    rows = [{"name": hive.name, "address": app.url_for("hive", id=hive.id)} for hive in late]
    return Response(render("home.html", "Hivebook", late=rows, count=len(rows)))


def hive_list(app, request):
    wanted = request.query.get("q", "")
    keepers = {keeper.id: keeper.name for keeper in app.store.keepers()}
    hives = [hive for hive in app.store.hives() if wanted in hive.name or wanted in hive.site]
    newest = last_inspections(app.store.inspections())
    rows = [
        {
            "name": hive.name,
            "site": hive.site,
            "keeper": keepers.get(hive.keeper, "nobody"),
            "seen": newest.get(hive.id, "never"),
            "address": app.url_for("hive", id=hive.id),
        }
        for hive in hives
    ]
    return Response(render("hives.html", "Hives", hives=rows, wanted=wanted, count=len(rows)))


def hive_page(app, request, id):
    hive = app.store.hive(id)
    inspections = [one for one in app.store.inspections() if one.hive == id]
    page = paginate(inspections, _number(request.query.get("page", "1")), PAGE_SIZE)
    rows = [
        {
            "date": one.date,
            "days": days_since(one.date, app.today()),
            "queen": "seen" if one.queen else "not seen",
            "honey": kilograms(one.honey),
            "note": paragraphs(one.note),
        }
        for one in page.rows
    ]
    values = {
        "name": hive.name,
        "site": hive.site,
        "kind": hive.kind,
        "honey": kilograms(honey_by_hive(inspections).get(id, 0)),
        "form": app.url_for("inspect", id=id),
        "page": f"page {page.number} of {page.count}",
    }
    pages = [
        {"label": label, "address": app.url_for("hive", id=id, page=number)}
        for label, number in (("newer", page.before), ("older", page.after))
        if number
    ]
    return Response(render("hive.html", hive.name, inspections=rows, pages=pages, **values))


def inspection_form(app, request, id):
    return _form(app, id, {"date": app.today().isoformat()}, {})


def add_inspection(app, request, id):
    hive = app.store.hive(id)
    form = request.form
    values, errors = read_inspection(form, app.today())
    if errors:
        return _form(app, id, form, errors, status=422)
    app.store.add_inspection(hive=hive.id, **values)
    return see_other(app.url_for("hive", id=id))


def _form(app, id, typed, errors, status=200):
    hive = app.store.hive(id)
    fields = {field: typed.get(field, "") for field in ("date", "honey", "note")}
    problems = [{"field": field, "problem": text} for field, text in errors.items()]
    action = app.url_for("inspect", id=id)
    page = render("inspect.html", f"Inspection of {hive.name}", problems=problems, action=action, **fields)
    return Response(page, status)


def keeper_list(app, request):
    hives = app.store.hives()
    rows = [
        {
            "name": keeper.name,
            "since": keeper.since,
            "count": sum(hive.keeper == keeper.id for hive in hives),
        }
        for keeper in sorted(app.store.keepers(), key=lambda keeper: keeper.name)
    ]
    return Response(render("keepers.html", "Keepers", keepers=rows))


def static(app, request, name):
    file = STATIC / name
    if not file.is_file():
        raise NotFound()
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return Response(file.read_bytes(), content_type=kind)


def _number(text):
    return int(text) if text.isdecimal() else 1
