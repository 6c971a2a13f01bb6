class Multi(Exception):
    def __init__(self, errors):
        super().__init__(f"{len(errors)} errors")
        self.errors = errors
def run_all(fs):
    errors = []
    for f in fs:
        try: f()
        except Exception as e: errors.append(e)
    if errors: raise Multi(errors)
try:
    run_all([lambda: 1 / 0, lambda: int("x"), lambda: None])
except Multi as m:
    print(m)
    for e in m.errors:
        print(" -", type(e).__name__, e)
