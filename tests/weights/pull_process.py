"""Run as a process: pull one model of a catalogue file into a store. Prints the model's folder, or one sentence."""

from __future__ import annotations

import sys
from pathlib import Path

from punie_acp.weights.catalogue import parse_catalogue
from punie_acp.weights.errors import WeightsError
from punie_acp.weights.progress import PlainProgress
from punie_acp.weights.store import ModelStore

if __name__ == "__main__":
    catalogue, directory, name = sys.argv[1:]
    store = ModelStore(Path(directory), parse_catalogue(Path(catalogue).read_text()))
    try:
        print(store.pull(name, PlainProgress()).path)
    except WeightsError as error:
        sys.exit(f"{type(error).__name__}: {error}")
