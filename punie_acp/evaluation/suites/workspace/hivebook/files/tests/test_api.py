def test_hives(client):
    assert len(client.get("/api/hives").json) == 13
    assert [one["id"] for one in client.get("/api/hives?site=Schule").json] == ["H11", "H12", "H13"]
    assert client.get("/api/hives/H05").json["name"] == "Weißdorn"


def test_inspections(client):
    rows = client.get("/api/hives/H01/inspections?limit=2").json
    assert [row["date"] for row in rows] == ["2025-07-13", "2025-06-22"]
    assert client.get("/api/hives/H01/inspections?limit=two").status == 400


def test_honey(client):
    assert client.get("/api/honey").json["2024"] == 90.0


def test_overdue(client):
    assert client.get("/api/overdue").json == ["H02", "H05", "H07", "H08"]
