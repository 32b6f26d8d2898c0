"""Plots of what a bench has measured, as SVG beside its tables: bars, lines, and how times are spread.

Drawn by matplotlib, which is imported when something is drawn: a bench without `--plots` does without it.
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0b6e4f", "#d9822b", "#3b6fb6", "#8a4fa3", "#6b7280")
WIDTH, HEIGHT = 6.0, 3.6
"""Inches of one plot; several stand side by side."""
_LOOK: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dfe5e1",
    "svg.fonttype": "none",  # text stays text: small, and found by a search
    "svg.hashsalt": "eco2",  # the same figures make the same file
}
Drawn = Callable[["Axes"], None]
Series = Mapping[str, Sequence[float]]
_LETTERS = 66
"""So many stand beside each other below one plot."""


def plots_option(parser: argparse.ArgumentParser) -> None:
    """The option --plots of a bench."""
    parser.add_argument(
        "--plots", type=Path, metavar="FOLDER", help="write plots (SVG) there, beside what is printed"
    )


def save(path: Path, *drawn: Drawn) -> None:
    """Write an SVG with these plots side by side."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(_LOOK):
        figure = Figure(figsize=(WIDTH * len(drawn), HEIGHT), layout="constrained")
        for axes, draw in zip(figure.subplots(1, len(drawn), squeeze=False)[0], drawn, strict=True):
            draw(axes)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def bars(
    title: str, unit: str, groups: Sequence[str], series: Mapping[str, Sequence[tuple[float, float]]]
) -> Drawn:
    """Bars in groups, a colour for each of `series`: the median, and a line from there to the 95th percentile."""

    def draw(axes: Axes) -> None:
        _grouped(axes, groups, series)
        _named(axes, f"{title}: median, line to p95", "", unit, legend=any(series))

    return draw


def columns(title: str, unit: str, groups: Sequence[str], series: Series) -> Drawn:
    """Bars in groups, a colour for each of `series`: one value each."""

    def draw(axes: Axes) -> None:
        _grouped(axes, groups, {name: [(value, value) for value in each] for name, each in series.items()})
        _named(axes, title, "", unit, legend=any(series))

    return draw


def _grouped(axes: Axes, groups: Sequence[str], series: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    width = 0.8 / max(len(series), 1)
    for number, (name, pairs) in enumerate(series.items()):
        places = [at + (number - (len(series) - 1) / 2) * width for at in range(len(groups))]
        heights = [height for height, _ in pairs]
        beyond = [[0.0] * len(pairs), [most - height for height, most in pairs]]
        axes.bar(places, heights, width * 0.9, yerr=beyond if any(beyond[1]) else None,
                 color=COLOURS[number % len(COLOURS)], ecolor="#9aa5a0", capsize=2, label=name)  # fmt: skip
    letters = max(_LETTERS // max(len(groups), 1), 10)
    axes.set_xticks(range(len(groups)), [textwrap.fill(group, letters) for group in groups])
    axes.grid(visible=False, axis="x")


def lines(title: str, across: str, unit: str, series: Mapping[str, Sequence[tuple[float, float]]]) -> Drawn:
    """A line for each of `series` through its points."""

    def draw(axes: Axes) -> None:
        for number, (name, points) in enumerate(series.items()):
            axes.plot([x for x, _ in points], [y for _, y in points], marker="o", markersize=4,
                      color=COLOURS[number % len(COLOURS)], label=name)  # fmt: skip
        axes.set_ylim(bottom=0)
        _named(axes, title, across, unit, legend=True)

    return draw


def spread(title: str, unit: str, series: Series) -> Drawn:
    """How values are spread: for each of `series` the share of them (%) at or below a value."""

    def draw(axes: Axes) -> None:
        for number, (name, values) in enumerate(series.items()):
            ordered = _thinned(sorted(values))
            shares = [100 * (place + 1) / len(ordered) for place in range(len(ordered))]
            axes.step(ordered, shares, where="post", color=COLOURS[number % len(COLOURS)], label=name)
        axes.set_ylim(0, 101)
        _named(axes, title, unit, "% at or below", legend=any(series))

    return draw


def _thinned(ordered: Sequence[float], most: int = 400) -> Sequence[float]:
    """At most `most` of the values, evenly, the greatest kept: a file needs no more for a line."""
    if len(ordered) <= most:
        return ordered
    return [ordered[(place + 1) * len(ordered) // most - 1] for place in range(most)]


def _named(axes: Axes, title: str, across: str, up: str, *, legend: bool) -> None:
    axes.set_title(title, fontsize=10, loc="left", fontweight="bold")
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    if legend:
        axes.legend(frameon=False, fontsize=8)
