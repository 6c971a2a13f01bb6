"""`punie-acp doctor`: whether all that a prompt needs works on this machine, and what to do where it does not."""
