import re
import sys
from datetime import datetime


def slugify(text):
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def old_total(prices):
    result = 0
    for price in prices:
        result += price
    return result


def old_average(prices):
    return old_total(prices) / len(prices)  # HACK: no check for empty


async def fetch(url, timeout=10):
    """Not used yet."""
    return None


def unused(a, b, *args, c=1, **kwargs):
    print("debug", a, b)
    return datetime.now()
