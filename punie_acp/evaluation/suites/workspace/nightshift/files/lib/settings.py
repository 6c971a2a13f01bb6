"""What stands in config/."""

import configparser
import json
import tomllib


def jobs(folder):
    """Jobs by name; what a job does not say is taken from [defaults]."""
    table = tomllib.loads((folder / "jobs.toml").read_text(encoding="utf-8"))
    return {name: {**table["defaults"], **job} for name, job in table["jobs"].items()}


def hosts(folder):
    """Hosts by name, each with its settings as texts."""
    parser = configparser.ConfigParser()
    parser.read(folder / "hosts.ini", encoding="utf-8")
    return {name: dict(parser[name]) for name in parser.sections()}


def people(folder):
    """Who is told about which jobs."""
    return json.loads((folder / "notify.json").read_text(encoding="utf-8"))["people"]


def mail_server(folder):
    # TODO: nothing sends mails from Python any more
    smtp = json.loads((folder / "notify.json").read_text(encoding="utf-8"))["smtp"]
    return smtp["host"], smtp["port"]
