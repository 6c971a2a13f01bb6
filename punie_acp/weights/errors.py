"""What can go wrong on the way to a model. Every message is one sentence for the user: what, where, what to do."""

from __future__ import annotations


class WeightsError(Exception):
    """A model cannot be had, read or checked."""


class ModelMissingError(WeightsError):
    """A model that was asked for is not installed; the message says the command that installs it."""


class NetworkError(WeightsError):
    """A source cannot be reached, or answers with an error. Another source may still work."""


class ChecksumError(WeightsError):
    """Bytes arrived that are not the bytes the catalogue names. They have been removed."""


class DiskFullError(WeightsError):
    """There is not enough free space; the message says how much is needed where."""


class UnsupportedModelError(WeightsError):
    """The file is sound, but holds something that this version cannot turn into an MLX model."""
