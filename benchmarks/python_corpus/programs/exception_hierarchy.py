class AppError(Exception):
    """Base."""

class ConfigError(AppError):
    pass

class MissingKey(ConfigError, KeyError):
    def __init__(self, key):
        super().__init__(key)
        self.key = key

def lookup(d, key):
    if key not in d:
        raise MissingKey(key)
    return d[key]

for exc in (AppError, KeyError, Exception):
    try:
        lookup({}, "port")
    except exc as e:
        print(exc.__name__, "caught", type(e).__name__, e.key)

try:
    raise ConfigError("no file")
except (ValueError, AppError) as e:
    print(repr(e), isinstance(e, AppError), e.args)
