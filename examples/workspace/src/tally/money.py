"""Amounts of money, in whole cents."""

from decimal import ROUND_HALF_UP, Decimal


def parse(text: str) -> int:
    """Cents from a text such as "12.50"."""
    # TODO: accept a comma as the decimal sign
    return int((Decimal(text) * 100).to_integral_value(ROUND_HALF_UP))


def show(cents: int) -> str:
    """Text such as "€ 12.50"."""
    sign = "-" if cents < 0 else ""
    return f"{sign}€ {abs(cents) // 100}.{abs(cents) % 100:02d}"
