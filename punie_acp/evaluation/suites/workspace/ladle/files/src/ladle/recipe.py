"""Recipes and their files."""

import json
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Ingredient:
    name: str
    amount: float
    unit: str = ""


@dataclass(frozen=True)
class Recipe:
    title: str
    serves: int
    minutes: int
    ingredients: tuple
    tags: tuple = ()


def load(path):
    """The recipe in the JSON file at `path`."""
    data = json.loads(Path(path).read_text(encoding="utf-8"))
    ingredients = tuple(Ingredient(*item) for item in data["ingredients"])
    return Recipe(data["title"], data["serves"], data["minutes"], ingredients, tuple(data.get("tags", ())))


def load_all(folder):
    """The recipes in `folder`, by the names of their files."""
    return [load(path) for path in sorted(Path(folder).glob("*.json"))]


def scale(recipe, serves):
    """The recipe for `serves` people."""
    factor = serves / recipe.serves
    scaled = tuple(replace(one, amount=one.amount * factor) for one in recipe.ingredients)
    return replace(recipe, ingredients=scaled)
