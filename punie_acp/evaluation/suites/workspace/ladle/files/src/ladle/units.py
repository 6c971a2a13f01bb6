"""Units of volume and weight."""

MILLILITRES = {"ml": 1.0, "cl": 10.0, "dl": 100.0, "l": 1000.0, "tsp": 5.0, "tbsp": 15.0, "cup": 240.0}
GRAMS = {"g": 1.0, "kg": 1000.0, "oz": 28.35, "lb": 453.6}


class UnitError(ValueError):
    """A unit is unknown, or two units do not measure the same thing."""


def convert(amount, source, target):
    """`amount` of `source` in `target`."""
    for table in (MILLILITRES, GRAMS):
        if source in table and target in table:
            return amount * table[source] / table[target]
    if source == target == "":
        return amount
    raise UnitError(f"cannot convert {source!r} to {target!r}")


def parse_amount(text):
    """The number that `text` says: "2", "0.5" or "3/4"."""
    # TODO: "1 1/2"
    if "/" in text:
        above, below = text.split("/")
        return int(above) / int(below)
    return float(text)
