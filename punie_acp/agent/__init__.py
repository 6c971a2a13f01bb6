"""The pydantic-ai agent and its one tool, `execute_code`."""

import os

# pydantic-ai 2.68 greets on a terminal; here the terminal is the user's.
os.environ.setdefault("PYDANTIC_AI_NO_BANNER", "1")
