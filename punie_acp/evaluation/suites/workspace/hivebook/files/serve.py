"""Serves the log on this machine, for trying it out."""

import argparse
from pathlib import Path
from wsgiref.simple_server import make_server

from hivebook.app import Application
from hivebook.store import Store


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8055)
    parser.add_argument("--data", type=Path, default=Path(__file__).parent / "data")
    options = parser.parse_args()
    with make_server("localhost", options.port, Application(Store(options.data))) as server:
        print(f"http://localhost:{options.port}/")
        server.serve_forever()


if __name__ == "__main__":
    main()
