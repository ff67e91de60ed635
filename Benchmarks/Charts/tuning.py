"""The results of `zvlen-bench tune`: the advice, and charts by the size of the chunks."""

from collections.abc import Callable

from charts import STYLES, LineChart, Series
from comparison import JSON, figure_of
from page import Section, code, grid, paragraph
from text import Table, duration, fixed, size


def sections(report: JSON) -> list[Section]:
    found = [
        Section(
            f"For {advice['title']}",
            [
                paragraph(advice["words"] + "."),
                paragraph(advice["noise_words"]),
                code(f"zvlen import SOURCE -o DEST {advice['import_flags']}"),
                code(advice["swift"]),
            ],
        )
        for advice in report["advice"]
    ]
    rows = report["settings"]
    for title, is_sharded in (("Inner chunks in shards", True), ("Chunks in files of their own", False)):
        if part := [row for row in rows if ("shard_bytes" in row) == is_sharded]:
            found.append(Section(title, [grid(charts(title, part))]))
    return [*found, Section("All settings", [table(rows).html()])]


def ratio(row: JSON) -> float:
    return row["payload_bytes"] / row["stored_bytes"] if row["stored_bytes"] else 0


def charts(title: str, rows: list[JSON]) -> list[str]:
    """Returns the figures with the most workers, by the size of the chunks."""
    most = max(row["workers"] for row in rows)
    rows = sorted((row for row in rows if row["workers"] == most), key=lambda row: row["chunk_bytes"])
    codecs = list(dict.fromkeys(row["codec"] for row in rows))
    parts: list[tuple[str, str, Callable[[JSON], float]]] = [
        ("Write", "MB/s (logarithmic)", lambda row: row["write_bytes_per_second"] / 1e6),
        ("Read", "MB/s (logarithmic)", lambda row: row["read_bytes_per_second"] / 1e6),
        ("One blob at random", "µs (logarithmic)", lambda row: row["random_read_seconds"] * 1e6),
        ("Ratio", "bytes in / bytes stored", ratio),
    ]
    return [
        figure_of(
            caption,
            LineChart(
                "size of a chunk", unit,
                [
                    Series(
                        codec, STYLES[number % len(STYLES)],
                        [(row["chunk_bytes"], value(row)) for row in rows if row["codec"] == codec],
                    )
                    for number, codec in enumerate(codecs)
                ],
                y_scale="linear" if caption == "Ratio" else "log", x_is_size=True,
            ),
            f"{title}, by size of the chunks",
        )
        for caption, unit, value in parts
    ]  # fmt: skip


def table(rows: list[JSON]) -> Table:
    speeds = ["write MB/s", "read MB/s", "random read", "ratio", "passes"]
    found = Table(["codec", "chunk", "shard", "workers", *speeds])
    for row in rows:
        speeds = [f"{row[f'{work}_bytes_per_second'] / 1e6:,.0f}" for work in ("write", "read")]
        shard = size(row["shard_bytes"]) if "shard_bytes" in row else ""
        cells = [row["codec"], size(row["chunk_bytes"]), shard, str(row["workers"]), *speeds]
        found.rows.append([*cells, duration(row["random_read_seconds"]), fixed(ratio(row)), str(row["passes"])])
    return found
