"""What an evaluation cannot do."""


class EvaluationError(Exception):
    """Why an evaluation cannot be run or read, in a sentence."""
