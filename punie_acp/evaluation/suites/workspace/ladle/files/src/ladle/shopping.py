"""Shopping lists."""

from ladle.recipe import Ingredient
from ladle.units import UnitError, convert


def combine(recipes):
    """What all recipes need, sorted by name; the first unit met is kept."""
    needed = {}
    for recipe in recipes:
        for one in recipe.ingredients:
            add(needed, one)
    return [needed[name] for name in sorted(needed)]


def add(needed, one):
    before = needed.get(one.name)
    if before is None:
        needed[one.name] = one
        return
    try:
        more = convert(one.amount, one.unit, before.unit)
    except UnitError:
        needed[f"{one.name} ({one.unit})"] = one
        return
    needed[one.name] = Ingredient(one.name, before.amount + more, before.unit)
