"""Which models exist, how they get onto this machine, how they are loaded."""
