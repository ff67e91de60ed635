"""The results of `zvlen-bench compare`: rows, tables and charts."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from charts import LIMIT, LineChart, Series, Style, bar_chart, inline
from page import Section, code, details, figure, grid, paragraph
from text import NONE, Table, duration, fixed, megabytes, megabytes_per_second, scaled, size

JSON = dict[str, Any]

OURS = "zarr-vlen"
FLOOR = "floor"
# The style of each library, in the order of the legends. zarrs-python is not drawn: it passes such elements back to
# zarr-python.
LIBRARIES = {
    OURS: Style(0, "o", strong=True),
    FLOOR: LIMIT,
    "zarrs": Style(1, "s"),
    "zarr-python fused": Style(3, "^"),
    "zarr-python": Style(3, "^", hollow=True, dashed=True),
    "Parquet": Style(2, "D"),
    "Arrow IPC": Style(4, "v"),
    "Lance": Style(5, "x"),
    "Vortex": Style(6, "P"),
    "LMDB": Style(7, "o", hollow=True),
    "HDF5": Style(7, "s", hollow=True),
}
WORKS = {
    "write": "write all",
    "read": "read all",
    "random": "read one at random",
    "append": "append a tenth",
    "take-1000": "take 1,000 at random, opened anew",
    "take-1000-warm": "take 1,000 at random, again",
    "take-100000": "take 100,000 at random, opened anew",
    "take-100000-warm": "take 100,000 at random, again",
    "epoch": "read all in random batches",
    "epoch-order": "read all in a given random order, in batches, again",
}
BLOBS = {
    "16B": "16 B text",
    "126B": "126 B JSON records",
    "300B": "300 B text",
    "8KB": "8 KB text",
    "1MB": "1 MB incompressible",
    "data": "the data",
}
LAYOUTS = {"own": "its own layout", "objects": "objects"}
CODECS = ["none", "lz4", "zstd:1", "zstd:3"]
# The percentiles in `latencies` of a result.
PERCENTS = [0, *(2.5 * step for step in range(1, 39)), 97.5, 98.5, 99, 99.5, 100]


def machine_summary(machine: JSON) -> str:
    memory = fixed(machine["memory_bytes"] / (1 << 30), 1)
    return (
        f"{machine['processor']}, {machine['cores']} cores, {memory} GiB, {machine['operating_system']}, "
        f"{machine['kernel']}"
    )


@dataclass(frozen=True)
class Setting:
    """The blobs of a row and how they are stored."""

    blobs: str
    chunk_bytes: int
    codec: str
    workers: int

    @property
    def chunk_title(self) -> str:
        # The same as ComparisonSetting.shardBytes.
        return f"chunks of {size(self.chunk_bytes)}" + (" in shards of 16MiB" if self.chunk_bytes < 64 << 10 else "")

    @property
    def workers_title(self) -> str:
        return "1 worker" if self.workers == 1 else f"{self.workers} workers"

    @property
    def title(self) -> str:
        return f"{BLOBS[self.blobs]}, {self.chunk_title}, {self.codec}, {self.workers_title}"


@dataclass
class Row:
    """One kind of work with one setting, and the result of each library."""

    setting: Setting
    work: str
    payload_bytes: int
    results: list[JSON]

    @property
    def title(self) -> str:
        return WORKS[self.work]

    def result(self, name: str, layout: str = "own") -> JSON:
        """Returns the result of a library with a layout, or nothing."""
        return next((r for r in self.results if r["name"] == name and r["layout"] == layout), {})

    def best(self, name: str) -> JSON:
        """Returns the result of a library with its own layout, or else with objects."""
        results = [self.result(name, layout) for layout in ("own", "objects")]
        return next((r for r in results if "median_seconds" in r), {})

    def speed(self, result: JSON) -> str:
        """Returns a speed in the unit of the work."""
        if "median_seconds" not in result:
            return NONE
        if self.work == "random":
            return duration(result["median_seconds"])
        return megabytes_per_second(result["bytes_per_second"]) + " MB/s"


class Comparison:
    """The reports of several runs on one machine as one. A row of a later run replaces that of an earlier one."""

    def __init__(self, paths: Sequence[Path]) -> None:
        reports: list[JSON] = [json.loads(path.read_text()) for path in paths]
        self.machine, self.versions, self.storage = (reports[0][key] for key in ("machine", "versions", "storage"))
        self.repeats = min(report["repeats"] for report in reports)
        self.command = "\n".join(dict.fromkeys(report["command"] for report in reports))
        libraries: dict[str, JSON] = {}
        rows: dict[tuple[Setting, str], Row] = {}
        for report in reports:
            for library in report["libraries"]:
                libraries.setdefault(library["name"], library)
            for row in report["rows"]:
                key = (Setting(**row["setting"]), row["work"])
                rows.pop(key, None)
                rows[key] = Row(*key, row["payload_bytes"], row["results"])
        self.libraries = list(libraries.values())
        self.rows = list(rows.values())
        self.by_key = rows
        self.settings = list(dict.fromkeys(row.setting for row in self.rows))
        usual = Setting("126B", 1 << 20, "zstd:1", self.machine["cores"])
        # The middle setting, or the first one if the middle was not measured.
        self.middle = usual if usual in self.settings else self.settings[0]

    def varied(self, field: str) -> list[Setting]:
        """Returns the settings that differ from the middle only in a field, ordered by it."""
        same = getattr(self.middle, field)
        found = [setting for setting in self.settings if replace(setting, **{field: same}) == self.middle]
        order = {"blobs": list(BLOBS), "codec": CODECS}.get(field, [])
        values = [*order, *sorted({getattr(setting, field) for setting in found} - set(order))]
        return sorted(found, key=lambda setting: values.index(getattr(setting, field)))

    def lines(self, points: Callable[[str], list[tuple[float, float]]]) -> list[Series]:
        """Returns a series for each library that has points."""
        found = {name: points(name) for name in LIBRARIES}
        return [Series(name, LIBRARIES[name], places) for name, places in found.items() if places]

    def rows_of(self, settings: Sequence[Setting], work: str) -> list[Row]:
        return [row for setting in settings if (row := self.by_key.get((setting, work)))]

    def by_chunk_size(self, work: str) -> LineChart | None:
        rows = self.rows_of(self.varied("chunk_bytes"), work)
        series = self.lines(
            lambda name: [
                (row.setting.chunk_bytes, best["bytes_per_second"] / 1e6) for row in rows if (best := row.best(name))
            ]
        )
        return LineChart("size of a chunk", "MB/s (logarithmic)", series, x_is_size=True) if len(rows) > 1 else None

    def ratio_against_speed(self, work: str) -> LineChart | None:
        rows = self.rows_of(self.varied("codec"), work)
        series = self.lines(
            lambda name: [
                (best["bytes_per_second"] / 1e6, row.payload_bytes / best["stored_bytes"])
                for row in rows
                if (best := row.best(name)).get("stored_bytes")
            ]
        )
        if len(rows) < 2 or not series:
            return None
        series[0].labels = [row.setting.codec for row in rows]
        return LineChart("MB/s (logarithmic)", "bytes in / bytes stored", series, x_scale="log", y_scale="linear")

    def latencies(self, row: Row) -> LineChart | None:
        series = self.lines(
            lambda name: [(s * 1e6, p) for s, p in zip(row.best(name).get("latencies", []), PERCENTS, strict=False)]
        )
        if not series:
            return None
        label = "% of the reads done within"
        return LineChart("µs (logarithmic)", label, series, x_scale="log", y_scale="linear", marks_every=10)

    def memory(self, work: str) -> LineChart | None:
        row = next((r for r in self.rows if r.work == work and any("memory" in s for s in r.results)), None)
        # The floor makes its buffers before.
        series = self.lines(
            lambda name: (
                [(s * 1e3, b / 1e6) for s, b in row.best(name).get("memory", [])] if row and name != FLOOR else []
            )
        )
        label = "MB above the start"
        return LineChart("ms", label, series, x_scale="linear", y_scale="linear", marks_every=10) if series else None

    def all_results(self, setting: Setting) -> Table:
        headings = ["work", "library", "blobs as", "median", "min – max", "MB/s", "blobs/s", "stored", "ratio", "peak"]
        table = Table([*headings, "of zarr-vlen", "of floor", ""], words=(0, 1, 2, 12))
        for row in self.rows:
            for result in row.results if row.setting == setting else []:
                layout = "laid out already" if result["name"] == FLOOR else LAYOUTS[result["layout"]]
                start = [row.title, result["name"], layout]
                if "median_seconds" not in result:
                    table.rows.append([*start, *[NONE] * 9, result.get("reason", "")])
                    continue
                stored = result.get("stored_bytes")
                spread = f"{duration(min(result['seconds']))} – {duration(max(result['seconds']))}"
                table.rows.append(
                    [
                        *start, duration(result["median_seconds"]), spread,
                        megabytes_per_second(result["bytes_per_second"]), scaled(result["blobs_per_second"]),
                        megabytes(stored), fixed(row.payload_bytes / stored if stored else None),
                        megabytes(result.get("peak_bytes")), fixed(result.get("of_zarr_vlen")),
                        fixed(result.get("of_floor")), "",
                    ]
                )  # fmt: skip
        return table

    def lead(self) -> list[str]:
        return [
            "zarr-vlen and what you would use instead took turns writing and reading the same blobs, on one machine. "
            f"The figures are medians of at least {self.repeats} repeats. A time counted only after what the library "
            f"had stored was read back and compared. Files were {self.storage}, and no library synchronized them.",
            "The floor is a minimal C program: it sends chunks that are already in wire form through the same "
            "compressor, with one reused context for each thread, and writes and reads plain files.",
            f"{machine_summary(self.machine)}. Swift {self.versions['swift']}, libzstd {self.versions['zstd']}.",
        ]

    def sections(self) -> list[Section]:
        """Returns the parts of a page, without those that have no figures."""
        libraries = Table(["library", "version", ""], words=(0, 1, 2))
        libraries.rows = [[library[key] for key in ("name", "version", "note")] for library in self.libraries]
        throughput, ratios, memory = (
            [figure_of(WORKS[work].capitalize(), chart, title) for work in ("write", "read") if (chart := make(work))]
            for make, title in (
                (self.by_chunk_size, "throughput by size of the chunks"),
                (self.ratio_against_speed, "ratio of compression against speed"),
                (self.memory, "memory over time"),
            )
        )
        middle = self.middle
        latencies = [
            figure_of(row.setting.title, chart, "times of reading one at random")
            for row in self.rows_of(self.varied("chunk_bytes"), "random")
            if (chart := self.latencies(row))
        ]
        parts = [
            (
                "At a glance",
                f"{middle.title}. Blobs come from and go to the memory layout that suits each library best. Libraries "
                "that have only objects are measured with those.",
                self.overview(),
            ),
            (
                "Throughput by size of the chunks",
                "Chunks below 64 KiB lie in shards. Parquet and Arrow IPC have groups of 1 MiB there. Lance and Vortex "
                "choose the size of their blocks themselves, so theirs does not change with that of the chunks.",
                throughput,
            ),
            (
                "Ratio against speed",
                "Further right is faster, further up is smaller. The points of a library are its compressions, in the "
                "order in which those of zarr-vlen are named.",
                ratios,
            ),
            (
                "How long one blob takes",
                "The part of the reads of single blobs, at random places, that is done within a time. Further left is "
                "faster. Chunked formats decode a chunk for each.",
                latencies,
            ),
            (
                "Memory over time",
                f"How far the process grew above what it had before: {middle.title}. The blobs that are written are "
                "there before. What a read returns is part of what grows.",
                memory,
            ),
        ]
        sections = [Section(title, [paragraph(text), grid(figures)]) for title, text, figures in parts if figures]
        all_rows = [details(setting.title, self.all_results(setting).html()) for setting in self.settings]
        return [
            *sections,
            Section("All figures", all_rows),
            Section("The libraries", [libraries.html(), paragraph("Repeat it with"), code(self.command)]),
        ]

    def overview(self) -> list[str]:
        """Returns a chart of all libraries for each kind of work, with the middle setting."""
        figures = []
        for work, title in WORKS.items():
            row = self.by_key.get((self.middle, work))
            if row is None or not row.best(OURS):
                continue
            is_time = work == "random"
            key = "median_seconds" if is_time else "bytes_per_second"
            found = {name: best for name in LIBRARIES if name != FLOOR and (best := row.best(name))}
            bars = [(name, LIBRARIES[name], best[key], row.speed(best)) for name, best in found.items()]
            bars.sort(key=lambda bar: bar[2], reverse=not is_time)
            floor = row.best(FLOOR)
            limit = None if is_time or not floor else (floor[key], f"floor {row.speed(floor)}")
            caption = "Read one at random, less is better" if is_time else title.capitalize()
            words = ", ".join(f"{bar[0]} {bar[3]}" for bar in bars)
            figures.append(figure(caption, inline(bar_chart(bars, limit), f"{title}: {words}")))
        return figures


def figure_of(caption: str, chart: LineChart, title: str) -> str:
    return figure(caption, inline(chart.draw(), f"{caption}: {title}"))
