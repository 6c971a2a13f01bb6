from ladle.recipe import Ingredient, Recipe, scale

SOUP = Recipe("Soup", 2, 20, (Ingredient("leek", 3), Ingredient("stock", 6, "dl")))


def test_scaling_multiplies_amounts():
    assert [one.amount for one in scale(SOUP, 4).ingredients] == [6, 12]
