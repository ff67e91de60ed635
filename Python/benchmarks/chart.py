"""Draws the results of the comparison.

    python benchmarks/chart.py results.json comparison.svg

Needs what `requirements.txt` has.
"""

from __future__ import annotations

import json
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

WAYS = {"write": "#4c78a8", "read": "#f58518"}
INK, SOFT = "#1c1e21", "#8b929a"
DARK_INK = "#eceef0"

# The page that shows the picture may be dark; nothing else needs to change, since there is no background.
STYLE = f"<style>@media (prefers-color-scheme: dark) {{ text {{ fill: {DARK_INK} !important }} }}</style>"


def draw(results: list[dict[str, Any]]) -> str:
    """Return a drawing of how many times as fast zarr_vlen is, as SVG for light and dark pages."""
    settings = {
        "svg.fonttype": "none",
        "svg.hashsalt": "zarr_vlen",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans", "Helvetica", "Arial"],
        "font.size": 9,
        "text.color": INK,
        "axes.labelcolor": INK,
        "ytick.labelcolor": INK,
        "xtick.labelcolor": INK,
    }
    with mpl.rc_context(settings):
        figure = Figure(figsize=(7.6, 0.46 * len(results) + 0.9), layout="constrained")
        axes = figure.add_subplot()
        for index, (way, color) in enumerate(WAYS.items()):
            seconds = [dict(result["seconds"][way]) for result in results]
            ours = [both.pop("zarr_vlen") for both in seconds]
            times = [sum(others.values()) / own for others, own in zip(seconds, ours, strict=True)]
            places = [row + (index - 0.5) * 0.36 for row in range(len(results))]
            axes.barh(places, times, height=0.34, color=color, label=way)
            for place, value in zip(places, times, strict=True):
                axes.text(max(value, 1), place, f" {value:.2f}x", va="center")
        axes.axvline(1, color=SOFT, linewidth=1, linestyle="--", zorder=0)
        axes.set_yticks(range(len(results)), [result["name"] for result in results])
        axes.set_xticks([1], ["the other one"])
        axes.invert_yaxis()
        axes.margins(x=0.09, y=0.02)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.legend(frameon=False, loc="lower right")
        made = StringIO()
        figure.savefig(made, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = made.getvalue()
    # The first style of matplotlib is within its definitions; ours follows the tag of the picture.
    start = text.index(">", text.index("<svg")) + 1
    return f"{text[:start]}\n {STYLE}{text[start:]}"


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    target.write_text(draw(json.loads(source.read_text())["results"]))
