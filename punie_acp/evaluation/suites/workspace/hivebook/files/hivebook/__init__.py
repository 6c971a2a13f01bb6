"""The log of a beekeepers' association."""
