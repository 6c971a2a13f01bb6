"""One program: repair, check, run in Monty, pause at each external call, resume."""
