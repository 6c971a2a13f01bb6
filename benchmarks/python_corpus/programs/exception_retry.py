import time

class TransientError(Exception):
    pass

def retry(times, delay=0):
    def decorator(func):
        def wrapper(*args, **kwargs):
            for attempt in range(1, times + 1):
                try:
                    return func(*args, **kwargs)
                except TransientError as e:
                    print(f"attempt {attempt} failed: {e}")
                    if attempt == times:
                        raise
                    time.sleep(delay)
        return wrapper
    return decorator

calls = []

@retry(3)
def flaky():
    calls.append(1)
    if len(calls) < 3:
        raise TransientError("not yet")
    return "ok"

print(flaky())
