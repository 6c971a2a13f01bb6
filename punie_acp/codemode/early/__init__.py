"""Reading ahead: what a program reads is read while the model still writes it.

`closed.py` finds the statements that are complete. `ahead.py` runs them in a copy of the session as they come
(`shadow.py`): what reads is performed and recorded (`record.py`), at anything else the copy stops. The real run begins
when the program is complete and checked; a call that it makes and that stands in the record has its answer there.
"""
