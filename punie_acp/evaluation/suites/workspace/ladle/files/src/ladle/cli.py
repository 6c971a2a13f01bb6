"""The command line."""

import argparse

from ladle.recipe import load, load_all, scale
from ladle.shopping import combine
from ladle.text import format_amount, format_minutes


def lines_of(ingredients):
    return [f"{format_amount(one.amount)} {one.unit} {one.name}".replace("  ", " ") for one in ingredients]


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="ladle")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list").add_argument("folder")
    show = commands.add_parser("show")
    show.add_argument("file")
    show.add_argument("--serves", type=int)
    commands.add_parser("shop").add_argument("files", nargs="+")
    options = parser.parse_args(arguments)
    if options.command == "list":
        for one in load_all(options.folder):
            print(f"{one.title} (serves {one.serves}, {format_minutes(one.minutes)})")
    elif options.command == "show":
        recipe = load(options.file)
        if options.serves:
            recipe = scale(recipe, options.serves)
        print("\n".join([recipe.title, *lines_of(recipe.ingredients)]))
    else:
        print("\n".join(lines_of(combine([load(file) for file in options.files]))))


if __name__ == "__main__":
    main()
