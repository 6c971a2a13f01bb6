from datetime import date
from pathlib import Path

from tally import storage
from tally.jobs import Job

BOOK = Path(__file__).parent.parent / "data" / "jobs.csv"


def test_the_job_book_is_read_in_its_order():
    jobs = storage.load(BOOK)
    assert [job.number for job in jobs] == list(range(1, 9))
    assert jobs[6].work == "Fit lights, front and rear"


def test_an_added_job_is_read_back(tmp_path):
    book = tmp_path / "jobs.csv"
    book.write_text("number,date,customer,work,minutes,parts\n")
    job = Job(9, date(2026, 4, 1), "Ada Lovelace", "True rear wheel", 30, 1250)
    storage.append(book, job)
    assert storage.load(book) == [job]
