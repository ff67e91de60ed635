"""Formats numbers and tables."""

import html
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

NONE = "–"


def fixed(value: float | None, places: int = 2) -> str:
    return NONE if value is None else f"{value:.{places}f}"


def rate(value: float | None) -> str:
    """Returns a number with three significant digits: `0.51`, `51.2`, `5,120`."""
    if value is None:
        return NONE
    return fixed(value, 2) if value < 10 else fixed(value, 1) if value < 100 else f"{math.floor(value + 0.5):,}"


def megabytes_per_second(bytes_per_second: float | None) -> str:
    return NONE if bytes_per_second is None else rate(bytes_per_second / 1e6)


def scaled(value: float, number: Callable[[float], str] = rate) -> str:
    """Returns a number with its power of 1000: `512`, `5.12 k`, `51.2 M`."""
    factor, unit = next((pair for pair in ((1e9, " G"), (1e6, " M"), (1e3, " k")) if value >= pair[0]), (1, ""))
    return number(value / factor) + unit


def megabytes(byte_count: int | None) -> str:
    return NONE if byte_count is None else f"{byte_count / 1e6:.1f} MB"


def size(byte_count: int) -> str:
    """Returns a number of bytes in the largest power of 1024 that divides it: `64KiB`."""
    for shift, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if byte_count % (1 << shift) == 0:
            return f"{byte_count >> shift}{unit}"
    return str(byte_count)


def factor(value: float) -> str:
    """Returns a factor: `12x`, `2.3x`, `0.87x`."""
    return fixed(value, 2 if value < 1 else 1 if value < 10 else 0) + "x"


def duration(seconds: float | None) -> str:
    if seconds is None:
        return NONE
    for least, unit, places in ((1.0, "s", 3), (1e-3, "ms", 1), (1e-6, "µs", 1)):
        if seconds >= least:
            return f"{seconds / least:.{places}f} {unit}"
    return f"{seconds * 1e9:.0f} ns"


@dataclass
class Table:
    """Rows below headings. The columns in `words` are aligned left, all others right."""

    headings: Sequence[str]
    rows: list[list[str]] = field(default_factory=list)
    words: Sequence[int] = (0,)

    def markdown(self) -> str:
        rule = "|" + "".join("---|" if column in self.words else "---:|" for column in range(len(self.headings)))
        lines = [" | ".join(cell.replace("|", r"\|") for cell in row) for row in (self.headings, *self.rows)]
        return "\n".join([f"| {lines[0]} |", rule, *(f"| {line} |" for line in lines[1:])])

    def html(self) -> str:
        """Returns the table in a box that scrolls if the page is too narrow."""

        def row(cells: Sequence[str], tag: str) -> str:
            kinds = ["" if column in self.words else ' class="number"' for column in range(len(cells))]
            parts = [f"<{tag}{k}>{html.escape(cell)}</{tag}>" for k, cell in zip(kinds, cells, strict=True)]
            return f"<tr>{''.join(parts)}</tr>"

        body = "\n".join([row(self.headings, "th"), *(row(cells, "td") for cells in self.rows)])
        return f'<div class="wide" tabindex="0"><table>\n{body}\n</table></div>'
