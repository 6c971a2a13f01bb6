"""The session store: what a killed process must not lose. `base` says what it keeps, `sqlite` keeps it."""
