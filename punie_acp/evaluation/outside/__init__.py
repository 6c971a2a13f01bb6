"""Suites that others made. Their tasks and checks stay with them: they are read from where the user has them."""
