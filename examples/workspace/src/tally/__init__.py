"""Invoices for a small bicycle workshop."""

__version__ = "0.3.0"
