"""The data as JSON, for the association's other programs. Documented in docs/api.md."""

from dataclasses import asdict

from hivebook.figures import honey_by_year, overdue
from hivebook.messages import BadRequest, as_json


def hives(app, request):
    """All hives, or those of ?site=."""
    site = request.query.get("site")
    return as_json([asdict(hive) for hive in app.store.hives() if site in (None, hive.site)])


def hive(app, request, id):
    return as_json(asdict(app.store.hive(id)))


def inspections(app, request, id):
    """The inspections of a hive, the newest first; at most ?limit=."""
    app.store.hive(id)
    limit = request.query.get("limit", "100")
    if not limit.isdecimal():
        raise BadRequest("limit is no number")
    rows = [asdict(one) for one in app.store.inspections() if one.hive == id]
    return as_json(rows[: int(limit)])


def keepers(app, request):
    """Without their e-mail addresses, which are nobody's business."""
    return as_json([{"id": one.id, "name": one.name, "since": one.since} for one in app.store.keepers()])


def honey(app, request):
    return as_json(honey_by_year(app.store.inspections()))


def overdue_hives(app, request):
    late = overdue(app.store.hives(), app.store.inspections(), app.today())
    return as_json([hive.id for hive in late])
