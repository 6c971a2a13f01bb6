"""The pydantic-ai agent and its one tool, `execute_code`."""
