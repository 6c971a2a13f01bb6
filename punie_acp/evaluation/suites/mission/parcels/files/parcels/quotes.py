"""Quotes for single parcels."""

from parcels.rates import EXPRESS_FACTOR, base_price

# TODO: round to full ten cents


def calc_price(weight: float, express: bool = False) -> int:
    """What a customer pays, in cents."""
    price = base_price(weight)
    if express:
        price = round(price * EXPRESS_FACTOR)
    return price


def insured_price(weight: float, value: int) -> int:
    """With insurance of two percent of the value."""
    # TODO: cap the insurance
    return calc_price(weight) + value // 50
