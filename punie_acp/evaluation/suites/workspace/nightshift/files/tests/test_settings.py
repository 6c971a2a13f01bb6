from lib import settings


def test_defaults_fill_in(root):
    jobs = settings.jobs(root / "config")
    assert jobs["prune"]["timeout"] == "45m"
    assert jobs["health"]["retries"] == 0


def test_hosts(root):
    assert settings.hosts(root / "config")["erato"]["port"] == "2202"


def test_people(root):
    assert [person["name"] for person in settings.people(root / "config")][0] == "Jürgen Pröll"
