"""The command line: one thin function a command. What a command does lives in the room that it calls."""

from __future__ import annotations

import json as jsonlib
import os
import signal
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from punie_acp import __version__
from punie_acp.evaluation.commands import eval_app
from punie_acp.sessions.commands import sessions_app
from punie_acp.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from punie_acp.doctor.findings import Finding
    from punie_acp.editors.files import Change
    from punie_acp.weights.store import InstalledModel, ModelStore

WHAT_TO_TYPE = """\
punie-acp: no command given. Type one of these:
  punie-acp --stdio          serve an editor over stdin and stdout (editors start it so)
  punie-acp ask "…"          ask about the project in this folder
  punie-acp init zed         set up an editor (zed or jetbrains)
  punie-acp models           see, install and remove models
  punie-acp doctor           check this installation
  punie-acp --help           everything else"""


WIDE = 200  # characters, where the output goes to a file or a program
TABLE_WIDTH = 112  # characters that the whole table of models needs


class Mode(StrEnum):
    """`settings.MODES` for typer."""

    ASK = "ask"
    REVIEW = "review"
    AUTO = "auto"
    PLAN = "plan"
    READ_ONLY = "read-only"


class LogLevel(StrEnum):
    """The log levels of `settings` for typer."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Editor(StrEnum):
    """`editors.entries.EDITORS` for typer."""

    ZED = "zed"
    JETBRAINS = "jetbrains"


class _Commands(TyperGroup):
    """Turns what can go wrong in any command into one line on stderr."""

    def main(self, args: Sequence[str] | None = None, *rest: object, **extra: object) -> object:  # pyright: ignore[reportIncompatibleMethodOverride] - only passed on
        try:
            return super().main(args, *rest, **extra)  # pyright: ignore[reportArgumentType]
        except KeyboardInterrupt:  # outside of `invoke`
            sys.exit(130)
        except Exception as raised:  # noqa: BLE001 - the last place where an error can be told in a sentence
            from punie_acp.complaints import complain

            complain(raised)
            sys.exit(1)

    def invoke(self, ctx: typer.Context) -> object:  # pyright: ignore[reportIncompatibleMethodOverride] - click's or typer's own copy
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(130) from None  # 128 + SIGINT, as shells count


app = typer.Typer(
    cls=_Commands,
    help="A private coding agent for ACP editors. Its model runs in this process; nothing leaves the machine.",
    epilog="Settings: PUNIE_… variables and settings.toml; `punie-acp doctor` says where.",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
models_app = typer.Typer(help="See, install and remove models. Alone: the list.")
app.add_typer(models_app, name="models")
app.add_typer(sessions_app, name="sessions")
app.add_typer(eval_app, name="eval")

ModelOption = Annotated[str | None, typer.Option("--model", "-m", help="A model's name; see `punie-acp models`.")]
ModeOption = Annotated[Mode | None, typer.Option("--mode", help="What may happen without asking.")]
LogLevelOption = Annotated[LogLevel | None, typer.Option("--log-level", help="What the log keeps.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    stdio: Annotated[bool, typer.Option("--stdio", help="Serve an ACP editor over stdin and stdout.")] = False,
    model: Annotated[str | None, typer.Option(help="With --stdio: the model of new sessions.")] = None,
    mode: Annotated[Mode | None, typer.Option(help="With --stdio: the mode of new sessions.")] = None,
    log_level: Annotated[LogLevel | None, typer.Option(help="With --stdio: what the log keeps.")] = None,
    version: Annotated[bool, typer.Option("--version", "-V", help="Print the version.")] = False,
) -> None:
    """Look at the options that stand before a command."""
    if version:
        typer.echo(f"punie-acp {__version__}")
        raise typer.Exit
    if stdio:  # __main__ comes here only for --help; this is for who calls `app` itself
        from punie_acp.server.serve import serve_stdio

        raise typer.Exit(serve_stdio(sys.argv[1:]))
    if model or mode or log_level:
        raise typer.BadParameter("this option stands with --stdio, or after a command that takes it")
    if context.invoked_subcommand is None:
        if sys.stdin.isatty() and sys.stdout.isatty():
            typer.echo(context.get_help())
        else:
            typer.echo(WHAT_TO_TYPE, err=True)
        raise typer.Exit(2)


@app.command()
def ask(
    prompt: Annotated[str | None, typer.Argument(help="What to do. `-`, or nothing with a pipe: from stdin.")] = None,
    cwd: Annotated[Path, typer.Option(help="The project's folder.", exists=True, file_okay=False)] = Path(),
    mode: ModeOption = None,
    model: ModelOption = None,
    timeout: Annotated[float | None, typer.Option(help="Seconds until the turn is ended.")] = None,
    log_level: LogLevelOption = None,
    json: JsonOption = False,
) -> None:
    """Run one turn in the terminal: show the calls, ask for permission, print the answer."""
    text = _prompt_text(prompt)
    settings = _settings(model=model, mode=mode, max_turn_seconds=timeout, log_level=log_level)

    import anyio

    from punie_acp.logs import configure_logging
    from punie_acp.server import console

    configure_logging(settings)

    async def turn() -> int:
        return await console.ask(text, cwd.resolve(), settings, json=json)

    raise typer.Exit(anyio.run(turn))


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0: one that is free.", min=0, max=65535)] = 0,
    token: Annotated[
        str, typer.Option(help="What clients have to give; nothing: one is made.", envvar="PUNIE_SERVE_TOKEN")
    ] = "",
    allow_remote: Annotated[bool, typer.Option(help="Listen elsewhere than on this machine's loopback.")] = False,
    allow_origin: Annotated[list[str] | None, typer.Option(help="A web page's origin that may connect.")] = None,
    model: ModelOption = None,
    mode: ModeOption = None,
    log_level: LogLevelOption = None,
) -> None:
    """Serve ACP clients over WebSocket and HTTP. Whoever has the token may work here as an editor may."""
    settings = _settings(model=model, mode=mode, log_level=log_level)

    from punie_acp.logs import configure_logging
    from punie_acp.server.transports.run import ServeOptions, serve_network

    configure_logging(settings)
    serve_network(settings, ServeOptions(host, port, token, allow_remote, tuple(allow_origin or ())))


@app.command()
def init(
    editor: Annotated[Editor, typer.Argument(help="The editor to set up.")],
    print_only: Annotated[bool, typer.Option("--print", help="Print the settings instead of writing them.")] = False,
    model: ModelOption = None,
) -> None:
    """Add Punie to an editor's settings. Comments and other agents stay; a backup is kept."""
    from punie_acp.editors.entries import settings_files, snippet
    from punie_acp.editors.files import plan_change
    from punie_acp.editors.launch import stable_launch

    launch = stable_launch()
    if print_only:
        typer.echo(jsonlib.dumps(snippet(editor.value, launch, model), indent=2, ensure_ascii=False))
        return
    changes = [plan_change(editor.value, file, launch, model) for file in settings_files(editor.value)]
    for change in changes:
        _show_and_apply(editor.value, change)


@app.command()
def doctor(json: JsonOption = False) -> None:
    """Check that everything a prompt needs works here. Exit status 1 if something does not."""
    from punie_acp.doctor.findings import as_json, summary
    from punie_acp.doctor.run import run_checks

    signal.signal(signal.SIGINT, _end_at_once)
    console = _console()
    findings: list[Finding] = []
    for finding in run_checks(load_settings):
        findings.append(finding)
        if not json:
            _show_finding(console, finding)
    typer.echo(as_json(findings) if json else summary(findings))
    raise typer.Exit(int(any(finding.status == "failure" for finding in findings)))


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(f"punie-acp {__version__}")


@models_app.callback(invoke_without_command=True)
def models(context: typer.Context) -> None:
    """See, install and remove models. Alone: the list."""
    if context.invoked_subcommand is None:
        list_models()


@models_app.command("list")
def list_models(json: JsonOption = False) -> None:
    """The models that are installed, and the ones that can be."""
    from punie_acp.models_table import as_table
    from punie_acp.models_table import list_models as rows_of

    rows = rows_of(_store())
    if json:
        typer.echo(jsonlib.dumps([row.as_values() for row in rows], indent=2))
    else:
        console = _console()
        console.print(as_table(rows, with_titles=console.width >= TABLE_WIDTH))


@models_app.command()
def pull(
    name: Annotated[
        str, typer.Argument(help="A model of the list; nothing: the one that suits this machine.")
    ] = "auto",
) -> None:
    """Download and install a model. What an interrupted pull has brought is used by the next one."""
    from punie_acp.inference.blas import load_fast_blas
    from punie_acp.weights.progress import progress_for

    load_fast_blas()  # before MLX is imported, for the conversion
    _say_ready(_store().pull(name, progress_for()))


@models_app.command("import")
def import_model(
    source: Annotated[Path, typer.Argument(help="A GGUF file (Qwen2, Qwen3), or a folder in MLX layout.", exists=True)],
    name: Annotated[str | None, typer.Option(help="What to call it; otherwise as the file is called.")] = None,
) -> None:
    """Install a model from this machine."""
    from punie_acp.inference.blas import load_fast_blas
    from punie_acp.weights.progress import progress_for

    load_fast_blas()  # before MLX is imported, for the conversion
    store, progress = _store(), progress_for()
    install = store.import_mlx if source.is_dir() else store.import_gguf
    _say_ready(install(source, name, progress))


@models_app.command()
def remove(
    name: Annotated[str, typer.Argument(help="An installed model.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete an installed model."""
    store = _store()
    found = store.find(name)
    if found and not yes and sys.stdin.isatty():
        typer.confirm(f"Delete {name}, {found.bytes_on_disk / 1e9:.1f} GB?", abort=True, err=True)
    store.remove(name)
    typer.echo(f"{name} is removed.")


@models_app.command()
def default(
    name: Annotated[str | None, typer.Argument(help="An installed model; nothing: say which it is now.")] = None,
) -> None:
    """Choose the model of new sessions."""
    store = _store()
    if name:
        store.set_default(name)
    typer.echo(store.resolve("auto").name)


def _settings(**flags: object) -> Settings:
    return load_settings(overrides={name: str(value) for name, value in flags.items() if value is not None})


def _store() -> ModelStore:
    from punie_acp.logs import configure_logging
    from punie_acp.weights.store import ModelStore

    settings = _settings()
    configure_logging(settings)
    return ModelStore(settings.models_dir)


def _prompt_text(prompt: str | None) -> str:
    if prompt is None and sys.stdin.isatty():
        raise typer.BadParameter('say what to do: punie-acp ask "…"')
    text = sys.stdin.read() if prompt in (None, "-") else prompt
    if not text or not text.strip():
        raise typer.BadParameter("the prompt is empty")
    return text


def _say_ready(model: InstalledModel) -> None:
    typer.echo(f"{model.name} is installed in {model.path}")


def _show_and_apply(editor: str, change: Change) -> None:
    from rich.syntax import Syntax

    from punie_acp.editors.entries import TITLES
    from punie_acp.editors.files import apply_change

    if not change.is_needed:
        typer.echo(f"{TITLES[editor]} is already set up: {change.file}")
        return
    diff = change.diff()
    if sys.stdout.isatty():
        _console().print(Syntax(diff, "diff", theme="ansi_dark", background_color="default"))
    else:
        typer.echo(diff, nl=False)
    backup = apply_change(change)
    typer.echo(f"{TITLES[editor]} is set up: {change.file}" + (f" (backup: {backup.name})" if backup else ""))


def _end_at_once(_signal: int, _frame: object) -> None:
    # MLX 0.32 turns a KeyboardInterrupt that meets its import into an ImportError, which would become a finding.
    os._exit(130)


def _show_finding(console: Console, finding: Finding) -> None:
    from rich.text import Text

    style = {"ok": "green", "warning": "yellow", "failure": "bold red"}[finding.status]
    console.print(Text.assemble((f"{finding.status:<8}", style), finding.text), soft_wrap=True)
    if finding.remedy:
        console.print(Text(f"        → {finding.remedy}"), soft_wrap=True)


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
