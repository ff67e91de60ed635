"""Charts by matplotlib, as parts of a page and as files."""

import html
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from text import scaled, size

# Eight colours after Okabe and Ito, which colour-blind readers can tell apart, in a darker and a lighter shade. The
# names are those of the page's CSS variables.
LIGHT = {"page": "#ffffff", "ink": "#1c1e21", "soft": "#5a5f66", "rule": "#dcdfe3"} | {
    f"s{i}": f"#{c}" for i, c in enumerate("0069a8 c44f00 00795a a8437f 7a6000 4453c4 a81e1e 4d4d4d".split())
}
DARK = {"page": "#0d1117", "ink": "#eceef0", "soft": "#a9afb7", "rule": "#383c42"} | {
    f"s{i}": f"#{c}" for i, c in enumerate("5ab9f0 ff9f50 3fd6a8 f0a6cf e8dc3c a3afff ff8585 c2c2c2".split())
}
DASHES = (0, (4, 3))
matplotlib.rcParams.update({"font.size": 11, "axes.titlesize": 11, "svg.hashsalt": "zarr-vlen"})
matplotlib.rcParams.update({"font.sans-serif": ["DejaVu Sans"], "legend.frameon": False, "legend.fontsize": 11})


@dataclass(frozen=True)
class Style:
    """The look of a series: its colour, and also its mark and line, so that you do not need the colour."""

    colour: int
    mark: str = ""
    hollow: bool = False
    dashed: bool = False
    strong: bool = False


LIMIT = Style(7, dashed=True)
STYLES = [Style(number, mark) for number, mark in enumerate("os^DvxPo")]


@dataclass
class Series:
    """One line of a chart, with an optional word beside each point."""

    name: str
    style: Style
    points: list[tuple[float, float]]
    labels: Sequence[str] = ()


@dataclass
class LineChart:
    """Lines over two axes, each `linear`, `log`, or `steps`: logarithmic, with a tick for each measured value."""

    x_label: str
    y_label: str
    series: list[Series]
    x_scale: str = "steps"
    y_scale: str = "log"
    x_is_size: bool = False
    marks_every: int = 1

    def draw(self, colours: dict[str, str] = LIGHT, title: str = "") -> Figure:
        figure, axes = plain(3.7 + 0.24 * ((len(self.series) + 2) // 3), colours)
        axes.grid(visible=True, axis="y", color=colours["rule"], linewidth=1)
        for series in self.series:
            style, colour = series.style, colours[f"s{series.style.colour}"]
            axes.plot(
                *zip(*series.points, strict=True), label=series.name, color=colour, marker=style.mark or None,
                linewidth=2.8 if style.strong else 1.6, linestyle=DASHES if style.dashed else "-", markersize=6.5,
                markerfacecolor=colours["page"] if style.hollow else colour, markeredgewidth=1.5,
                markevery=self.marks_every, zorder=4 if style.strong else 3,
            )  # fmt: skip
            for point, label in zip(series.points, series.labels, strict=False):
                write(axes, label, point, (6, 6), colours)
        for axis, scale in enumerate((self.x_scale, self.y_scale)):
            values = [point[axis] for series in self.series for point in series.points]
            set_scale(axes, "xy"[axis], scale, values, is_size=self.x_is_size and axis == 0)
        axes.set_xlabel(self.x_label, color=colours["soft"])
        axes.set_title(self.y_label, loc="left", color=colours["soft"])
        if title:
            figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold", color=colours["ink"])
        figure.legend(loc="outside lower left", ncols=3, labelcolor=colours["ink"], handlelength=1.8, columnspacing=1.2)
        return figure


def bar_chart(
    bars: Sequence[tuple[str, Style, float, str]], limit: tuple[float, str] | None, colours: dict[str, str] = LIGHT
) -> Figure:
    """Returns a named bar with its value in words for each item, and a line for the limit of all."""
    figure, axes = plain(0.31 * len(bars) + 0.5, colours)
    axes.invert_yaxis()
    axes.set_yticks(range(len(bars)), [name for name, *_ in bars])
    axes.xaxis.set_major_locator(NullLocator())
    if limit:
        axes.axvline(limit[0], color=colours["s7"], linestyle=DASHES, linewidth=1.6)
        axes.text(
            limit[0], 1, limit[1], ha="center", va="bottom", color=colours["soft"], transform=axes.get_xaxis_transform()
        )
    for place, (_, style, value, words) in enumerate(bars):
        axes.barh(place, value, color=colours[f"s{style.colour}"], height=0.72, zorder=3)
        axes.get_yticklabels()[place].set(color=colours["ink"], fontweight="bold" if style.strong else "normal")
        write(axes, words, (value, place), (5, 0), colours, va="center")
    axes.set_xlim(0, 1.3 * max([value for _, _, value, _ in bars] + ([limit[0]] if limit else [])))
    return figure


def plain(height: float, colours: dict[str, str]) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(5.8, height), layout="constrained", facecolor=colours["page"])
    axes = figure.add_subplot(facecolor=colours["page"], axisbelow=True)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelcolor=colours["soft"])
    return figure, axes


def write(
    axes: Axes, words: str, point: tuple[float, float], offset: tuple[float, float], colours: dict[str, str], **how: Any
) -> None:
    """Writes text beside a point, above all lines."""
    box = {"facecolor": colours["page"], "edgecolor": "none", "pad": 0.5}
    axes.annotate(words, point, offset, textcoords="offset points", color=colours["soft"], bbox=box, zorder=5, **how)


def set_scale(axes: Axes, name: str, scale: str, values: Sequence[float], *, is_size: bool) -> None:
    if scale == "linear":
        axes.set(**{f"{name}lim": (0, max(values) * 1.05 or 1)})
        return
    axes.set(**{f"{name}scale": "log"})
    axis = axes.xaxis if name == "x" else axes.yaxis
    if scale == "steps":
        steps = sorted(set(values))
        axis.set_ticks(steps[:: 1 + (len(steps) - 1) // 7])
    else:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if max(values) < 100 * min(values) else (1,)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(
        FuncFormatter(lambda value, _: size(int(value)) if is_size else scaled(value, "{:g}".format))
    )


def inline(figure: Figure, title: str) -> str:
    """Returns a drawing as a part of a page, with the text and colours of the page."""
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg")
    text = buffer.getvalue()
    box = re.search(r'viewBox="[^"]*"', text)
    text = text[text.index(">", text.index("<svg")) + 1 :].strip()
    text = re.sub(r"<(metadata|style|clipPath).*?</\1>", "", text, flags=re.DOTALL)
    # Only marks are referenced, and names must be unique in the page.
    text = re.sub(r' (?:id="(?!m)|clip-path="|transform="rotate\(-0 )[^"]*"', "", text)
    text = re.sub(r'(id="|href="#)m', r"\1" + re.sub(r"[\W\d]", "", title), text)
    text = re.sub(r"<[^>]*>", lambda tag: re.sub(r"\d+\.\d\d+", lambda n: f"{float(n[0]):.1f}", tag[0]), text)
    text = text.replace("'DejaVu Sans', sans-serif", "system-ui, sans-serif")
    for name, colour in LIGHT.items():
        text = text.replace(colour, f"var(--{name})")
    return f'<svg class="chart" {box[0] if box else ""} role="img" aria-label="{html.escape(title)}">{text}'


def save(figure: Figure, path: Path) -> None:
    """Writes a drawing as a picture that looks the same in every program, and sharp on dense screens."""
    figure.savefig(path, dpi=200)
