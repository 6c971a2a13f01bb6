"""Prices in cents. Bands go by weight in kilograms."""

BANDS = [(1.0, 450), (5.0, 790), (20.0, 1450)]
EXPRESS_FACTOR = 1.8
MAX_WEIGHT = 20.0


def base_price(weight: float) -> int:
    """The price of a parcel of this weight."""
    if weight <= 0:
        raise ValueError("a parcel weighs something")
    for limit, price in BANDS:
        if weight <= limit:
            return price
    raise ValueError(f"heavier than {MAX_WEIGHT} kg")
