"""The report's plots, as SVG written by hand: they stand in the page itself and need nothing from anywhere."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from punie_acp.evaluation.summary import ALL, CATEGORIES, TITLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punie_acp.evaluation.results import Record
    from punie_acp.evaluation.summary import Figures

COLOURS = ("#2a6f97", "#e07a1f", "#3a9a5b", "#a23b72", "#8d99ae", "#c9a227", "#5c4d7d")
PARTS = (("model", "#2a6f97"), ("tools", "#e07a1f"), ("waiting", "#b8bec8"))
WIDTH, LEFT, TOP, PLOT_HEIGHT = 720, 56, 34, 220


def success_plot(figures: Sequence[Figures]) -> str:
    """Success by category and arm, with Wilson intervals."""
    bars = [(one.category, one.arm, one.rate.value, one.rate.low, one.rate.high) for one in figures]
    return _grouped_bars(bars, 1.0, "success", "{:.0%}")


def time_plot(figures: Sequence[Figures]) -> str:
    """Median seconds by category and arm."""
    bars = [(one.category, one.arm, one.median_seconds, None, None) for one in figures]
    return _grouped_bars(bars, _round_up(max((one.median_seconds for one in figures), default=1.0)), "seconds", "{:g}")


def turns_plot(records: Sequence[Record]) -> str:
    """Seconds against turns, a dot for each task; hollow where it failed."""
    arms = list(dict.fromkeys(record.arm for record in records))
    most_turns = max((record.turns for record in records), default=1) or 1
    most_seconds = _round_up(max((record.seconds for record in records), default=1.0))
    body = [_axis(most_seconds, "seconds", "{:g}"), _legend(arms)]
    room = WIDTH - LEFT - 20
    body += [
        _text(LEFT + 10 + room * turn / most_turns * 0.96, TOP + PLOT_HEIGHT + 16, str(turn), "middle")
        for turn in range(most_turns + 1)
    ]
    body.append(_text(LEFT + room / 2, TOP + PLOT_HEIGHT + 32, "requests of the model", "middle"))
    for record in records:
        place = arms.index(record.arm)
        x = LEFT + 10 + room * record.turns / most_turns * 0.96 + 4 * (place - (len(arms) - 1) / 2)
        y = TOP + PLOT_HEIGHT * (1 - record.seconds / most_seconds)
        colour = COLOURS[place % len(COLOURS)]
        fill = colour if record.passed else "none"
        title = f"<title>{escape(f'{record.arm} {record.task}: {record.seconds:.1f} s')}</title>"
        body.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{fill}" fill-opacity="0.6" stroke="{colour}">'
            f"{title}</circle>"
        )
    return _svg(body, TOP + PLOT_HEIGHT + 44)


def parts_plot(figures: Sequence[Figures]) -> str:
    """Where the time goes: mean seconds in model, tools and waiting, for each arm and category."""
    longest = _round_up(max((one.mean_seconds for one in figures), default=1.0))
    left, row = 200, 20
    body = [_legend([name for name, _ in PARTS], [colour for _, colour in PARTS])]
    for place, one in enumerate(figures):
        y, x = TOP + place * row, float(left)
        body.append(_text(left - 8, y + 13, f"{one.arm}, {TITLES[one.category]}", "end"))
        for (_, colour), seconds in zip(PARTS, (one.model_seconds, one.tool_seconds, one.waiting_seconds), strict=True):
            width = (WIDTH - left - 60) * seconds / longest
            body.append(f'<rect x="{x:.1f}" y="{y + 2}" width="{width:.1f}" height="{row - 5}" fill="{colour}"/>')
            x += width
        body.append(_text(x + 5, y + 13, f"{one.mean_seconds:.1f} s", "start"))
    return _svg(body, TOP + len(figures) * row + 10)


def _grouped_bars(
    bars: Sequence[tuple[str, str, float, float | None, float | None]], top: float, unit: str, form: str
) -> str:
    categories = [category for category in (*CATEGORIES, ALL) if any(bar[0] == category for bar in bars)]
    arms = list(dict.fromkeys(arm for _, arm, *_ in bars))
    body = [_axis(top, unit, form), _legend(arms)]
    group = (WIDTH - LEFT - 20) / max(1, len(categories))
    width = min(34.0, group * 0.8 / max(1, len(arms)))
    for category, arm, value, low, high in bars:
        middle = LEFT + group * (categories.index(category) + 0.5)
        x = middle + width * (arms.index(arm) - len(arms) / 2)
        colour = COLOURS[arms.index(arm) % len(COLOURS)]
        y = TOP + PLOT_HEIGHT * (1 - value / top)
        body.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width - 3:.1f}" height="{TOP + PLOT_HEIGHT - y:.1f}" '
            f'fill="{colour}">'
            f"<title>{escape(f'{arm}, {TITLES[category]}: {form.format(value)}')}</title></rect>"
        )
        if low is not None and high is not None:
            body.append(_whisker(x + (width - 3) / 2, low / top, high / top))
    for place, category in enumerate(categories):
        body.append(_text(LEFT + group * (place + 0.5), TOP + PLOT_HEIGHT + 18, TITLES[category], "middle"))
    return _svg(body, TOP + PLOT_HEIGHT + 30)


def _whisker(x: float, low: float, high: float) -> str:
    bottom, top = (TOP + PLOT_HEIGHT * (1 - share) for share in (low, high))
    return (
        f'<path d="M{x - 3:.1f} {top:.1f}h6M{x:.1f} {top:.1f}V{bottom:.1f}M{x - 3:.1f} {bottom:.1f}h6" '
        'stroke="currentColor" fill="none"/>'
    )


def _axis(top: float, unit: str, form: str) -> str:
    lines = [_text(LEFT - 44, TOP - 12, unit, "start")]
    for step in range(5):
        y = TOP + PLOT_HEIGHT * (1 - step / 4)
        lines.append(
            f'<line x1="{LEFT}" x2="{WIDTH - 10}" y1="{y:.1f}" y2="{y:.1f}" stroke="currentColor" opacity="0.2"/>'
        )
        lines.append(_text(LEFT - 6, y + 4, form.format(top * step / 4), "end"))
    return "".join(lines)


def _legend(names: Sequence[str], colours: Sequence[str] = COLOURS) -> str:
    parts: list[str] = []
    x = LEFT + 60.0
    for place, name in enumerate(names):
        parts.append(f'<rect x="{x:.0f}" y="10" width="10" height="10" fill="{colours[place % len(colours)]}"/>')
        parts.append(_text(x + 14, 19, name, "start"))
        x += 34 + 7 * len(name)
    return "".join(parts)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _round_up(value: float) -> float:
    """The next of 1, 2, 4, 8 times a power of ten: quarters of it are easy to read."""
    if value <= 0:
        return 1.0
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 8, 10) if step * power >= value)


def _svg(body: Sequence[str], height: float) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" role="img" font-family="sans-serif" font-size="12" '
        f'fill="currentColor">{"".join(body)}</svg>'
    )
