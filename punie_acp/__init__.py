"""punie-acp: a private coding agent for ACP editors, with its model in-process."""

__version__ = "0.1.0"
