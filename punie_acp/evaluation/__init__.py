"""Suites of tasks, run with the product from outside as an ACP client, and the report of what came of them."""
