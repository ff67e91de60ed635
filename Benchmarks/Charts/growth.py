"""The results of `zvlen-bench grow`: how time and memory grow, as tables and charts."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from charts import LIMIT, STYLES, LineChart, Series
from comparison import JSON, LIBRARIES, OURS, figure_of, machine_summary
from page import Section, grid, paragraph
from text import Table, fixed, megabytes, megabytes_per_second, rate, size

Measure = Callable[[JSON], float | None]


class Growth:
    """The reports of several runs on one machine. An axis of a later run replaces that of an earlier one."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.axes: dict[str, list[JSON]] = {}
        for path in paths:
            report = json.loads(path.read_text())
            self.machine, self.codec = report["machine"], report["codec"]
            axes = dict.fromkeys(row["axis"] for row in report["rows"])
            self.axes |= {axis: [row for row in report["rows"] if row["axis"] == axis] for axis in axes}

    def lead(self) -> list[str]:
        return [f"Writing and scanning while one thing grows; {self.codec}.", machine_summary(self.machine) + "."]

    def sections(self) -> list[Section]:
        parts = {
            "blobs": (
                "More blobs",
                "Text of {mean} B in the mean through an appender, in chunks of 1 MiB, and a scan over all of it. With "
                "few blobs a file and the start of threads are what costs.",
            ),
            "workers": (
                "More workers",
                "Text of {mean} B in the mean, in chunks of 1 MiB, on {cores} cores: more workers than cores should "
                "cost nothing but memory.",
            ),
            "chunks": ("Larger chunks", "Text of {mean} B in the mean, in inner chunks of shards of 64 MiB."),
        }
        sections = []
        for axis, (title, text) in parts.items():
            if rows := self.axes.get(axis):
                mean = round(rows[-1]["payload_bytes"] / max(1, rows[-1]["blobs"]))
                text = text.format(mean=mean, cores=self.machine["cores"])
                sections.append(Section(title, [paragraph(text), grid(charts(axis, rows)), table(axis, rows).html()]))
        return sections


def charts(axis: str, rows: list[JSON]) -> list[str]:
    """Returns the time or the throughput of writing and scanning, and the memory of both."""
    place, x_label = {
        "blobs": ("blobs", "blobs (logarithmic)"),
        "workers": ("workers", "workers (logarithmic)"),
        "chunks": ("chunk_bytes", "size of a chunk"),
    }[axis]

    def chart(caption: str, unit: str, *lines: tuple[str, Measure]) -> str:
        series = []
        for number, (name, measure) in enumerate(lines):
            points = [(row[place], y) for row in rows if (y := measure(row)) is not None]
            style = LIMIT if name == "floor" else LIBRARIES.get(name, STYLES[number])
            series += [Series(name, style, points)] if points else []
        return figure_of(
            caption,
            LineChart(x_label, unit, series, y_scale="linear", x_is_size=axis == "chunks"),
            f"by {x_label}",
        )

    def speed(work: str, key: str) -> Measure:
        return lambda row: row[work][key] / 1e6 if key in row[work] else None

    def memory(work: str) -> Measure:
        key = f"{work}_bytes"
        return lambda row: row["memory"][key] / 1e6 if key in row["memory"] else None

    if axis == "blobs":
        lines = (("write as a stream", nanoseconds("write")), ("scan", nanoseconds("scan")))
        figures = [chart("Time of a blob", "ns a blob", *lines)]
    else:
        figures = [
            chart(
                work.capitalize(), "MB/s", (OURS, speed(work, "payload_bytes_per_second")),
                ("floor", speed(work, "floor_payload_bytes_per_second")),
            )
            for work in ("write", "scan")
        ]  # fmt: skip
    return [
        *figures,
        chart("Peak of memory", "MB above the start", ("write", memory("write")), ("scan", memory("scan"))),
    ]


def nanoseconds(work: str) -> Measure:
    return lambda row: row[work]["median_seconds"] / row["blobs"] * 1e9 if "median_seconds" in row[work] else None


def table(axis: str, rows: list[JSON]) -> Table:
    floor = ["of floor"] if axis != "blobs" else []
    speeds = ["write MB/s", "ns/blob", *floor, "scan MB/s", "ns/blob", *floor]
    place = "size of a chunk" if axis == "chunks" else axis
    found = Table([place, "payload", "ratio", *speeds, "memory, write", "memory, scan"], words=())
    for row in rows:
        place = size(row["chunk_bytes"]) if axis == "chunks" else f"{row[axis]:,}"
        cells = [place, megabytes(row["payload_bytes"]), fixed(row["payload_bytes"] / max(1, row["stored_bytes"]))]
        for work in ("write", "scan"):
            cells += [megabytes_per_second(row[work].get("payload_bytes_per_second")), rate(nanoseconds(work)(row))]
            cells += [fixed(row[work].get("floor_quotient"))] if floor else []
        cells += [megabytes(row["memory"].get(f"{work}_bytes")) for work in ("write", "scan")]
        found.rows.append(cells)
    return found
