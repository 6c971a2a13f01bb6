"""Python that Monty 1.4 cannot run, written as Python that it can: classes, exceptions, generators, and small things.

The meaning stays; what stands on which line is kept beside (`emit.py`). A program that needs none of it is untouched.
"""
