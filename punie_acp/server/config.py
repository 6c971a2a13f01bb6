"""What a user chooses in a session: its model, its mode, its effort, and whether programs are shown while written.

Values travel as ACP config options; the mode also as ACP's modes, which config options supersede (send both).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, cast

from punie_acp.server.params import invalid, one_of
from punie_acp.server.permissions import MODE_TEXTS
from punie_acp.settings import EFFORTS, MODES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from punie_acp.protocol.errors import JsonValue
    from punie_acp.protocol.messages import Params
    from punie_acp.server.client import Client
    from punie_acp.server.store.base import SessionChanges, SessionRecord
    from punie_acp.settings import Effort, Mode, Settings

OptionId = Literal["model", "mode", "effort", "stream_programs"]

EFFORT_TEXTS: dict[Effort, tuple[str, str, float]] = {  # the last: times the settings' limits of a turn
    "quick": ("Quick", "A third of the usual rounds, tokens and time for a prompt", 1 / 3),
    "normal": ("Normal", "The rounds, tokens and time that the settings give a prompt", 1),
    "thorough": ("Thorough", "Three times as many rounds, tokens and time for a prompt", 3),
}


@dataclass(frozen=True, slots=True)
class Options:
    """The choices of one session."""

    model: str
    mode: Mode
    effort: Effort
    stream_programs: bool

    @classmethod
    def of_settings(cls, settings: Settings) -> Options:
        """Those of a new session."""
        return cls(settings.model, settings.mode, settings.effort, settings.stream_programs)

    @classmethod
    def of_record(cls, record: SessionRecord, settings: Settings) -> Options:
        """Those of a stored session. What this version does not know is as in a new one."""
        effort, stream = record.options.get("effort"), record.options.get("stream_programs")
        return cls(
            model=record.model,
            mode=record.mode if record.mode in MODES else settings.mode,
            effort=effort if effort in EFFORTS else settings.effort,
            stream_programs=stream if isinstance(stream, bool) else settings.stream_programs,
        )

    def with_choice(self, option: OptionId, value: str | bool) -> Options:
        """A copy with one of them changed."""
        return replace(self, **{option: value})

    @property
    def others(self) -> Mapping[str, JsonValue]:
        """What the store keeps beside model and mode."""
        return {"effort": self.effort, "stream_programs": self.stream_programs}

    def as_changes(self) -> SessionChanges:
        """All of them, for the store."""
        return {"model": self.model, "mode": self.mode, "options": self.others}

    def limits(self, settings: Settings) -> Settings:
        """`settings` with a turn's limits as the effort has them."""
        times = EFFORT_TEXTS[self.effort][2]
        return replace(
            settings,
            max_model_requests=max(2, round(settings.max_model_requests * times)),
            max_turn_tokens=max(1, round(settings.max_turn_tokens * times)),
            max_turn_seconds=settings.max_turn_seconds * times,
        )


def config_options(options: Options, client: Client, models: Sequence[str]) -> list[JsonValue]:
    """All options with their values, for this client. `models` are the ones to choose from."""
    modes: list[JsonValue] = [_value(mode, name, text) for mode, (name, text) in MODE_TEXTS.items()]
    efforts: list[JsonValue] = [_value(effort, name, text) for effort, (name, text, _) in EFFORT_TEXTS.items()]
    choices: list[JsonValue] = [_model_value(model) for model in models]
    offered: list[JsonValue] = [
        _select("model", "Model", options.model, choices, category="model"),
        _select("mode", "Mode", options.mode, modes, category="mode"),
        _select("effort", "Effort", options.effort, efforts, category="thought_level"),
    ]
    if client.can("session", "configOptions", "boolean"):
        offered.append(
            {
                "id": "stream_programs",
                "name": "Show programs while they are written",
                "description": "Otherwise a program is shown once it is complete.",
                "category": "_display",
                "type": "boolean",
                "currentValue": options.stream_programs,
            }
        )
    return offered


def mode_state(mode: Mode) -> JsonValue:
    """ACP's modes, for clients that do not know config options."""
    modes: list[JsonValue] = [
        {"id": name, "name": title, "description": text} for name, (title, text) in MODE_TEXTS.items()
    ]
    return {"currentModeId": mode, "availableModes": modes}


def offered_models(settings: Settings, current: str) -> list[str]:
    """The models to choose from: what suits the machine, the installed ones, and what was set or chosen by name.

    Looks at folder names only: an installed model's folder appears whole, by a rename (`weights.store`).
    """
    folder = settings.models_dir
    folders = sorted(folder.iterdir()) if folder.is_dir() else []
    installed = [path.name for path in folders if (path / "punie.json").is_file() and not path.name.startswith(".")]
    return list(dict.fromkeys(["auto", *installed, settings.model, current]))


def requested_choice(params: Params, models: Sequence[str]) -> tuple[OptionId, str | bool]:
    """What `session/set_config_option` asks for. Raises `RpcError`."""
    option = one_of(params, "configId", ("model", "mode", "effort", "stream_programs"))
    if option == "stream_programs":
        value = params.get("value")
        if not isinstance(value, bool):
            raise invalid("value", "must be true or false")
        return "stream_programs", value
    choices = {"model": models, "mode": MODES, "effort": EFFORTS}[option]
    return cast("OptionId", option), one_of(params, "value", choices)


def _select(option: OptionId, name: str, current: str, values: list[JsonValue], *, category: str) -> JsonValue:
    return {
        "id": option,
        "name": name,
        "category": category,
        "type": "select",
        "currentValue": current,
        "options": values,
    }


def _value(value: str, name: str, description: str) -> JsonValue:
    return {"value": value, "name": name, "description": description}


def _model_value(model: str) -> JsonValue:
    if model == "auto":
        return _value(model, "Automatic", "The default model, or the one that suits this machine")
    return {"value": model, "name": model}
