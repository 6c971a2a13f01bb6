"""What people type, checked."""

from datetime import date

MOST_HONEY = 60  # kilograms; more does not come out of one hive
LONGEST_NOTE = 400  # characters


def read_inspection(form, today):
    """The values of an inspection, and what is wrong with the form by field."""
    values, errors = {}, {}
    readers = {"date": read_date, "honey": read_honey, "note": read_note}
    for field, reader in readers.items():
        try:
            values[field] = reader(form.get(field, "").strip())
        except ValueError as error:
            errors[field] = str(error)
    values["queen"] = form.get("queen") == "yes"
    if "date" not in errors and values["date"] > today.isoformat():
        errors["date"] = "This day is yet to come."
    return values, errors


def read_date(text):
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("Write the date like 2025-06-01.") from None


def read_honey(text):
    """Kilograms; nothing is none."""
    if not text:
        return 0.0
    try:
        weight = float(text)
    except ValueError:
        raise ValueError("Write the honey in kilograms, like 12.5.") from None
    if not 0 <= weight <= MOST_HONEY:
        raise ValueError(f"Honey is between 0 and {MOST_HONEY} kg.")
    return weight


def read_note(text):
    if len(text) > LONGEST_NOTE:
        raise ValueError(f"A note has at most {LONGEST_NOTE} characters.")
    return text.replace("\r\n", "\n")
