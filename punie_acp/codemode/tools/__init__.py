"""Typed tools of a project: its tests, checkers and history, the names in its code, and patches, as functions."""
