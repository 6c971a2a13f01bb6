from ladle.recipe import Ingredient, Recipe
from ladle.shopping import combine


def test_amounts_are_added_in_the_first_unit():
    one = Recipe("A", 1, 5, (Ingredient("milk", 5, "dl"),))
    two = Recipe("B", 1, 5, (Ingredient("milk", 250, "ml"), Ingredient("egg", 2)))
    assert combine([one, two]) == [Ingredient("egg", 2), Ingredient("milk", 7.5, "dl")]
