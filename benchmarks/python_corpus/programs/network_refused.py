try:
    import requests_but_newer
    print("have requests")
except ImportError:
    print("no requests")
