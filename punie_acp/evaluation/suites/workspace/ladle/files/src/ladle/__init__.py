"""Recipes as JSON files."""

__version__ = "0.4.0"
