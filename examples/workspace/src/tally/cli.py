"""The command line."""

import argparse
import os
from datetime import date
from pathlib import Path

from tally import money, report, storage
from tally.invoices import invoice, price
from tally.jobs import Job


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = _parser().parse_args(arguments)
    jobs = storage.load(Path(os.environ.get("TALLY_DATA", "data/jobs.csv")))
    rate = money.parse(os.environ.get("TALLY_HOURLY_RATE", "54.00"))
    for line in options.show(jobs, rate, options):
        print(line)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tally", description="Invoices for a small bicycle workshop.")
    commands = parser.add_subparsers(required=True)
    # TODO: a command that adds a job
    commands.add_parser("list", help="every job with its price").set_defaults(show=_list)
    one = commands.add_parser("invoice", help="what a customer owes")
    one.add_argument("customer")
    one.set_defaults(show=_invoice)
    month = commands.add_parser("summary", help="takings of a month")
    month.add_argument("month", type=lambda text: date.fromisoformat(f"{text}-01"))
    month.set_defaults(show=_summary)
    return parser


def _list(jobs: list[Job], rate: int, options: argparse.Namespace) -> list[str]:
    return [f"{job.number:>4}  {job.day}  {job.customer:<20} {money.show(price(job, rate)):>10}" for job in jobs]


def _invoice(jobs: list[Job], rate: int, options: argparse.Namespace) -> list[str]:
    # TODO: print it as a PDF
    owed = invoice(jobs, options.customer, rate)
    return [f"{owed.customer}", f"net   {money.show(owed.net)}", f"VAT   {money.show(owed.vat)}", f"total {money.show(owed.total)}"]


def _summary(jobs: list[Job], rate: int, options: argparse.Namespace) -> list[str]:
    return [f"{options.month:%B %Y}: {money.show(report.takings(jobs, options.month, rate))}"]
