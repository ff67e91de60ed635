"""Publishes a directory of results: tables for READMEs, drawings and a page."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from charts import DARK, LIGHT, save
from comparison import BLOBS, FLOOR, JSON, OURS, WORKS, Comparison, Row, machine_summary
from growth import Growth
from page import page
from text import NONE, Table, duration, factor, fixed, megabytes, megabytes_per_second, size

BEGIN = "<!-- results: made by `make results` -->"
END = "<!-- end of results -->"
RIVALS = ["zarrs", "zarr-python fused", "Parquet", "Arrow IPC", "Lance", "Vortex"]
# Runs differ by this much, so a library that is ahead by less counts as equal.
TOLERANCE = 1.05


def publish(directory: Path, readme: Path) -> None:
    """Writes the page and the drawings, and the tables between the marks of both READMEs."""
    compared, grown, runs = (sorted(directory.glob(f"{name}*.json")) for name in ("compare", "grow", "run"))
    comparison = Comparison(compared)
    sections = comparison.sections() + (Growth(grown).sections() if grown else [])
    (directory / "index.html").write_text(page("zarr-vlen, measured", comparison.lead(), sections))
    for work in ("write", "read"):
        if chart := comparison.by_chunk_size(work):
            title = f"{WORKS[work]}: throughput by size of the chunks"
            save(chart.draw(LIGHT, title), directory / f"{work}-by-chunk-size.png")
            save(chart.draw(DARK, title), directory / f"{work}-by-chunk-size-dark.png")
    replace_marked(directory / "README.md", tables(comparison, [json.loads(path.read_text()) for path in runs]))
    replace_marked(readme, summary(comparison, directory.as_posix()))


def replace_marked(path: Path, part: str, begin: str = BEGIN, end: str = END) -> None:
    text = path.read_text()
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(end) < text.index(begin):
        raise SystemExit(f"{path}: the lines {begin} and {end} must be there once each, in this order")
    before, after = text.split(begin)[0], text.split(end)[1]
    path.write_text(f"{before}{begin}\n\n{part}\n\n{end}{after}")


def tables(comparison: Comparison, runs: Sequence[JSON]) -> str:
    """Returns all rows in tables, and the rows where other libraries are ahead."""
    parts = [floor_table(runs), all_rows(comparison), leads(comparison, "zarrs"), *shortfalls(comparison)]
    return "\n\n".join(filter(None, parts))


def summary(comparison: Comparison, directory: str) -> str:
    """Returns the part for the project's README."""
    middle = comparison.middle
    columns = [OURS, "of the floor", *RIVALS]
    table = Table([f"{BLOBS[middle.blobs]}, {middle.codec}, {middle.workers_title}", *columns])
    for work in ("write", "read", "random"):
        for row in comparison.rows_of(comparison.varied("chunk_bytes"), work):
            title = f"{row.title}{'' if work == 'random' else ', MB/s'}, {row.setting.chunk_title}"
            table.rows.append([title, *cells([row])])
    pictures = [picture(directory, work) for work in ("write", "read") if comparison.by_chunk_size(work)]
    ahead, compared = rivals_ahead(comparison)
    below, _ = rows_below_floor(comparison)
    short = (
        f"Another library is ahead by more than 5 % in {len(ahead)} of {compared} comparisons, and {len(below)} rows "
        f"are more than 5 % below the floor: [which, and all other rows]({directory}/README.md)."
    )
    return "\n\n".join(filter(None, [table.markdown(), "\n".join(pictures), conditions(comparison), short]))


def picture(directory: str, work: str) -> str:
    path = f"{directory}/{work}-by-chunk-size"
    words = f"{WORKS[work]}: throughput of the libraries by size of the chunks"
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{path}-dark.png">'
        f'<img src="{path}.png" width="48%" alt="{words}"></picture>'
    )


def conditions(comparison: Comparison) -> str:
    """Returns a paragraph on how it was measured."""
    versions = ", ".join(dict.fromkeys(library["version"] for library in comparison.libraries))
    return (
        f"Medians of at least {comparison.repeats} turns. Each library uses the memory layout that suits it best "
        f"(zarr-python has only objects). Files are {comparison.storage}, and no library synchronizes them. A time "
        "counts only after the stored data has been read back and compared. For reads, the floor keeps the decoded "
        "chunks in memory. "
        f"{machine_summary(comparison.machine)}; {versions}."
    )


def cells(rows: Sequence[Row | None]) -> list[str]:
    """Returns the cells of zarr-vlen, of the floor and of the rivals, for one row or for a pair."""

    def pair(figures: Sequence[str]) -> str:
        return NONE if set(figures) == {NONE} else " / ".join(figures)

    def figure(row: Row | None, name: str) -> str:
        best = row.best(name) if row else {}
        is_time = row is not None and row.work == "random"
        return duration(best.get("median_seconds")) if is_time else megabytes_per_second(best.get("bytes_per_second"))

    ours, *others = (pair([figure(row, name) for row in rows]) for name in (OURS, *RIVALS))
    floor = " / ".join(fixed(row.best(OURS).get("of_floor") if row else None) for row in rows)
    return [ours, floor, *others]


def all_rows(comparison: Comparison) -> str:
    """Returns the rates of writing and reading for each setting that differs from the middle in one respect, and the
    times of random reads for each size of the chunks."""
    columns = [OURS, "of the floor", *RIVALS]
    rates, times = Table(["MB/s, write / read", *columns]), Table(["read one at random", *columns])
    settings = (s for field in ("chunk_bytes", "blobs", "codec", "workers") for s in comparison.varied(field))
    for setting in dict.fromkeys(settings):
        rates.rows.append(
            [setting.title, *cells([comparison.by_key.get((setting, work)) for work in ("write", "read")])]
        )
    for row in comparison.rows_of(comparison.varied("chunk_bytes"), "random"):
        times.rows.append([row.setting.title, *cells([row])])
    return f"{rates.markdown()}\n\n{times.markdown()}"


def floor_table(runs: Sequence[JSON]) -> str:
    """Returns how close each path comes to the floor, with a line for each run."""
    if not runs:
        return ""
    table = Table(["from, chunks of", "write", "read, kept", "read, floor's memory reused", "scan", "one at random"])
    for run in runs:
        settings = run["settings"]
        shards = f" in shards of {size(settings['shard_bytes'])}" if "shard_bytes" in settings else ""
        line = [f"{settings['from']}, {size(settings['chunk_bytes'])}{shards}"]
        for work in ("write", "read", "read_over", "scan", "random"):
            found = run.get(work, {})
            if "floor_quotient" not in found:
                line.append(NONE)
                continue
            if work == "random":
                speed = duration(found["latency"]["p50"])
            else:
                speed = megabytes_per_second(found["payload_bytes_per_second"])
            line.append(f"{fixed(found['floor_quotient'])} ({speed})")
        table.rows.append(line)
    first = runs[0]
    settings = first["settings"]
    title = (
        f"{first['blobs']:,} blobs, {megabytes(first['payload_bytes'])}, {settings['codec']}, {settings['workers']} "
        f"workers, medians of {settings['repeat']} turns: the part of the floor's speed, and MB/s. "
        f"{machine_summary(first['machine'])}; zstd {first['libraries']['zstd']}."
    )
    return f"{title}\n\n{table.markdown()}"


def leads(comparison: Comparison, rival: str) -> str:
    """Returns how many times as fast as another library zarr-vlen is: the lowest and highest factor of all settings
    and both layouts."""
    found: dict[tuple[str, int], list[float]] = {}
    for row in comparison.rows:
        for result in row.results:
            if result["name"] == rival and result.get("of_zarr_vlen"):
                found.setdefault((row.work, row.setting.chunk_bytes), []).append(1 / result["of_zarr_vlen"])
    sizes = sorted({chunk_bytes for _, chunk_bytes in found})
    table = Table([f"times as fast as {rival}, chunks of", *map(size, sizes)])
    for work, title in WORKS.items():
        ranges = [found.get((work, chunk_bytes), []) for chunk_bytes in sizes]
        if not any(ranges):
            continue
        ends = [list(dict.fromkeys([min(some), max(some)])) if some else [] for some in ranges]
        table.rows.append([title, *(" – ".join(map(factor, some)) or NONE for some in ends)])
    return table.markdown() if sizes else ""


def rivals_ahead(comparison: Comparison) -> tuple[list[tuple[Row, JSON]], int]:
    """Returns where another library is ahead by more than the tolerance, largest lead first, and the number of
    comparisons."""
    others = [
        (row, result)
        for row in comparison.rows
        for result in row.results
        if result["name"] not in (OURS, FLOOR) and "of_zarr_vlen" in result
    ]
    ahead = [(row, result) for row, result in others if result["of_zarr_vlen"] > TOLERANCE]
    return sorted(ahead, key=lambda pair: -pair[1]["of_zarr_vlen"]), len(others)


def rows_below_floor(comparison: Comparison) -> tuple[list[tuple[Row, float]], Counter[str]]:
    """Returns the rows that are below the floor by more than the tolerance, and the number of rows with a floor for each
    kind of work.

    Appending is left out, because the floor does not complete the last chunk.
    """
    beside = [
        (row, quotient)
        for row in comparison.rows
        if row.work != "append" and (quotient := row.result(OURS).get("of_floor")) is not None
    ]
    return [pair for pair in beside if pair[1] < 1 / TOLERANCE], Counter(row.work for row, _ in beside)


def shortfalls(comparison: Comparison) -> list[str]:
    """Returns where others are ahead, with a line for each kind of work and library, and what is below the floor."""
    ahead, compared = rivals_ahead(comparison)
    below, measured = rows_below_floor(comparison)
    count = f"in {len(ahead)} of {compared} comparisons" if ahead else f"in any of {compared} comparisons"
    parts = [
        f"Another library is ahead by more than 5 % {count}:"
        if ahead
        else f"No other library is ahead by more than 5 % {count}."
    ]
    lines, floor_lines = [], []
    for work, title in WORKS.items():
        group = [(row, result) for row, result in ahead if row.work == work]
        for name in dict.fromkeys(result["name"] for _, result in group):
            found = [(row, result) for row, result in group if result["name"] == name]
            row, result = found[0]
            objects = ", objects" if result["layout"] == "objects" and work != "random" else ""
            times = f"; {len(found)} times" if len(found) > 1 else ""
            by = factor(result["of_zarr_vlen"])
            lines.append(f"- {title}: {name}, by {by} ({row.setting.title}{objects}{times})")
        if least := min((pair for pair in below if pair[0].work == work), key=lambda pair: pair[1], default=None):
            number = sum(row.work == work for row, _ in below)
            floor_lines.append(
                f"- {title}: {number} of {measured[work]}, down to {fixed(least[1])} of it ({least[0].setting.title})"
            )
    parts += ["\n".join(lines)] if lines else []
    parts += ["More than 5 % below the floor:", "\n".join(floor_lines)] if floor_lines else []
    return parts
