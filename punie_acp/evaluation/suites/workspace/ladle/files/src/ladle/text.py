"""How things are written."""


def format_minutes(minutes):
    """ "45 min", "1 h 30 min"."""
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def format_amount(amount):
    """At most two digits after the point, no zeros at the end."""
    return f"{amount:.2f}".rstrip("0").rstrip(".")


def shout(text):
    return text.upper() + "!"
