"""`punie-acp init`: how an editor comes to know this agent, and what stands in its settings file about it."""
