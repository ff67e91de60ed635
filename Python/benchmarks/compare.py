"""Compares zarr_vlen with zarr-python's pipeline and pyarrow's Parquet, and draws the result.

    python benchmarks/compare.py --help

Each piece of work is done by both in turns, five times, in files in memory; the median counts. What is read
back is compared with what was written. A figure is how many times as fast zarr_vlen is.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import zarr
from zarr.codecs import ZstdCodec

import zarr_vlen

PIPELINES = {
    "zarr-python": "zarr.core.codec_pipeline.FusedCodecPipeline",
    "zarr_vlen": "zarr_vlen.pipeline.VlenCodecPipeline",
}
ROUNDS = 5
MEMORY = "/dev/shm"

random = np.random.default_rng(1)
WORDS = ["".join(map(chr, random.integers(97, 123, random.integers(2, 10)))) for _ in range(4000)]


def texts(count: int, length: int) -> list[str]:
    """Return text like that of a log, in lines."""
    lines = -(-length // 100)
    words = random.integers(0, len(WORDS), (count * lines, 3)).tolist()
    numbers = random.integers(0, 10_000, (count * lines, 2)).tolist()
    made = [
        f"2026-11-30T12:{n % 60:02}:{m % 60:02}Z INFO {WORDS[a]}: request {n * m:08x} of {WORDS[b]} took "
        f"{m} ms, status 200, cache {WORDS[c]}; retries 0\n".ljust(100)[:100]
        for (a, b, c), (n, m) in zip(words, numbers, strict=True)
    ]
    return ["".join(made[place * lines : (place + 1) * lines]) for place in range(count)]


def records(count: int) -> list[dict[str, Any]]:
    """Return records of about 130 bytes of JSON."""
    words = random.integers(0, len(WORDS), (count, 4))
    numbers = random.random((count, 2)).round(6)
    return [
        {
            "id": index,
            "name": f"{WORDS[a]} {WORDS[b]}",
            "tags": [WORDS[c], WORDS[d]],
            "score": float(x),
            "position": {"x": float(y), "y": index % 1000},
            "active": index % 3 == 0,
            "note": None,
        }
        for index, ((a, b, c, d), (x, y)) in enumerate(zip(words.tolist(), numbers.tolist(), strict=True))
    ]


def as_objects(values: list[Any]) -> np.ndarray[Any, Any]:
    return zarr_vlen.objects(values)


class Work:
    """Something that both do, and what it takes."""

    rivals = tuple(PIPELINES)

    def __init__(
        self,
        name: str,
        least: tuple[float | None, float | None],
        make: Callable[[float], tuple[Any, dict[str, Any]]],
        *,
        one_by_one: int = 0,
    ) -> None:
        self.name, self.least, self.make, self.one_by_one = name, least, make, one_by_one

    def run(self, scale: float) -> dict[str, Any]:
        values, options = self.make(scale)
        times: dict[tuple[str, str], list[float]] = {}
        folder = Path(tempfile.mkdtemp(dir=MEMORY))
        try:
            for _ in range(ROUNDS + 1):
                for name in self.rivals:
                    writing, reading, is_same = self.once(name, folder / name, values, options)
                    times.setdefault((name, "write"), []).append(writing)
                    times.setdefault((name, "read"), []).append(reading)
                    if not is_same:
                        raise SystemExit(f"{self.name}: {name} has read other elements than were written")
        finally:
            shutil.rmtree(folder)
        # The first round warms up.
        medians = {key: statistics.median(seconds[1:]) for key, seconds in times.items()}
        return {
            "name": self.name,
            "least": {"write": self.least[0], "read": self.least[1]},
            "seconds": {way: {name: medians[name, way] for name in self.rivals} for way in ("write", "read")},
        }

    def once(self, name: str, path: Path, values: Any, options: dict[str, Any]) -> tuple[float, float, bool]:
        """Return the seconds that writing and reading take, and whether what was read is what was written."""
        with zarr.config.set({"codec_pipeline.path": PIPELINES[name]}):
            array = zarr.create_array(
                path, shape=values.shape, compressors=ZstdCodec(level=1), overwrite=True, **options
            )
            begin = time.perf_counter()
            self.write(array, values)
            middle = time.perf_counter()
            read = self.read(array)
            end = time.perf_counter()
        return middle - begin, end - middle, read.tolist() == values.tolist()

    def write(self, array: Any, values: Any) -> None:
        if not self.one_by_one:
            array[...] = values
            return
        for index, value in enumerate(values.tolist()):
            array[index] = value

    def read(self, array: Any) -> Any:
        if not self.one_by_one:
            return array[...]
        return as_objects([array[index].item() for index in range(array.shape[0])])


class Arrow(Work):
    """An array of Arrow that is written and read whole, beside pyarrow's Parquet."""

    rivals = ("Parquet", "zarr_vlen")

    def once(self, name: str, path: Path, values: Any, options: dict[str, Any]) -> tuple[float, float, bool]:
        begin = time.perf_counter()
        if name == "zarr_vlen":
            zarr_vlen.write(path, values, overwrite=True, compressors=ZstdCodec(level=1))
        else:
            # Elements do not repeat, and are not searched.
            pq.write_table(
                pa.table({"element": values}),
                path,
                compression="zstd",
                compression_level=1,
                use_dictionary=False,
                write_statistics=False,
            )
        middle = time.perf_counter()
        read = zarr_vlen.read(path, as_="arrow") if name == "zarr_vlen" else pq.read_table(path)["element"]
        end = time.perf_counter()
        return middle - begin, end - middle, pa.chunked_array(read).equals(pa.chunked_array(values))


class Engine(Arrow):
    """An array of Arrow, beside the same elements in Swift, as zvlen-bench writes and reads them."""

    rivals = ("zarr_vlen",)
    tool: Path

    def run(self, scale: float) -> dict[str, Any]:
        result = super().run(scale)
        values, _ = self.make(scale)
        with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
            lines, report = Path(folder) / "elements.jsonl", Path(folder) / "report.json"
            lines.write_bytes(b"\n".join(values.cast(pa.large_binary()).to_pylist()))
            options = {"data": lines, "store": folder, "json": report, "codec": "zstd:1", "repeat": ROUNDS}
            subprocess.run(
                [self.tool, "run", *(f"--{name}={value}" for name, value in options.items())],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            figures = json.loads(report.read_text())
        # Each round here makes a new array, and reads it into new memory.
        for way, seconds in result["seconds"].items():
            result["seconds"][way] = {"zvlen-bench": figures[f"{way}_fresh"]["median_seconds"], **seconds}
        return result


def strings(length: int, *, dtype: Any) -> Callable[[float], Any]:
    def make(scale: float) -> Any:
        values = texts(int(500_000 * scale), length)
        array = np.array(values, dtype=dtype)
        return array, {"chunks": (1_000_000 // length,), "dtype": "string"}

    return make


def blobs(length: int, **options: Any) -> Callable[[float], Any]:
    def make(scale: float) -> Any:
        # Random, as what is compressed already.
        data, count = random.bytes(int(500_000 * scale) * length), int(500_000 * scale)
        values = as_objects([data[place * length : (place + 1) * length] for place in range(count)])
        return values, {"chunks": (1_000_000 // length,), "dtype": "bytes", **options}

    return make


def arrow_text(length: int) -> Callable[[float], Any]:
    def make(scale: float) -> Any:
        values = texts(int(500_000 * scale), length)
        return pa.array([value.replace("\n", " ") for value in values], pa.large_string()), {}

    return make


def arrow_bytes(scale: float) -> Any:
    values, _ = blobs(1000)(scale)
    return pa.array(values, pa.large_binary()), {}


def json_records(scale: float) -> Any:
    return as_objects(records(int(500_000 * scale))), {"chunks": (8_000,), "dtype": "json"}


def single_elements(scale: float) -> Any:
    values = as_objects([text.encode() for text in texts(int(2_000 * scale), 100)])
    return values, {"chunks": (1,), "dtype": "bytes"}


def numbers(scale: float) -> Any:
    return random.random(int(20_000_000 * scale)).round(3), {"chunks": (125_000,), "dtype": "float64"}


WORK = [
    Work("bytes of 100 B", (1.3, 1.5), blobs(100)),
    Work("bytes of 1 KB", (1.3, 1.5), blobs(1000)),
    Work("str of 100 B, StringDType", (3, 3), strings(100, dtype=np.dtypes.StringDType())),
    Work("str of 1 KB, StringDType", (3, 3), strings(1000, dtype=np.dtypes.StringDType())),
    Work("str of 100 B, array of objects", (3, 3), strings(100, dtype=object)),
    Work("inner chunks of 100 in shards of 100,000", (8, 8), blobs(100, chunks=(100,), shards=(100_000,))),
    Work("JSON records of 130 B", (1.5, 1.5), json_records),
    Work("one element at a time, chunks of one", (2, 2), single_elements, one_by_one=1),
    Work("float64", (0.98, 0.98), numbers),
    Arrow("Arrow, text of 100 B, against Parquet", (1, 1.5), arrow_text(100)),
    Arrow("Arrow, text of 1 KB, against Parquet", (1, 1.5), arrow_text(1000)),
    Arrow("Arrow, bytes of 1 KB, against Parquet", (1, 1.5), arrow_bytes),
    Engine("Arrow, text of 1 KB, against the engine", (0.9, 0.9), arrow_text(1000)),
]


def table(results: list[dict[str, Any]]) -> str:
    lines = ["| work | write | read |", "|---|---:|---:|"]
    for result in results:
        cells = []
        for way in ("write", "read"):
            seconds = result["seconds"][way]
            cells.append(f"{ratio(seconds):.2f}x ({milliseconds(seconds)})")
        lines.append(f"| {result['name']} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


def ratio(seconds: dict[str, float]) -> float:
    return rival(seconds) / seconds["zarr_vlen"]


def milliseconds(seconds: dict[str, float]) -> str:
    return f"{1000 * rival(seconds):.0f} → {1000 * seconds['zarr_vlen']:.0f} ms"


def rival(seconds: dict[str, float]) -> float:
    return next(value for name, value in seconds.items() if name != "zarr_vlen")


def importing() -> float:
    """Return the processor time in seconds of importing the package after zarr-python."""
    code = (
        "import time, zarr; begin = time.process_time(); import zarr_vlen; print(time.process_time() - begin)"
    )
    times = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
        for _ in range(ROUNDS)
    ]
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="how much of the data is used")
    parser.add_argument("--only", nargs="*", help="only work whose name has one of these words in it")
    parser.add_argument("--bench", type=Path, help="the tool zvlen-bench, for work beside the engine")
    parser.add_argument("--json", type=Path, help="where all figures go, beside those of other work")
    parser.add_argument("--readme", type=Path, help="a document whose table is replaced")
    parser.add_argument("--chart", type=Path, help="where the chart goes, as SVG")
    arguments = parser.parse_args()
    results = []
    for work in WORK:
        if arguments.only and not any(word in work.name for word in arguments.only):
            continue
        if isinstance(work, Engine):
            if arguments.bench is None:
                continue
            work.tool = arguments.bench
        result = work.run(arguments.scale)
        results.append(result)
        for way, seconds in result["seconds"].items():
            least = result["least"][way]
            short = "" if least is None or ratio(seconds) >= least else f"  below {least}x"
            print(
                f"{work.name:42} {way:6} {ratio(seconds):6.2f}x  {milliseconds(seconds)}{short}", flush=True
            )
    if arguments.json and arguments.json.exists():
        # Work that was not done stays as it was.
        before = {result["name"]: result for result in json.loads(arguments.json.read_text())["results"]}
        before |= {result["name"]: result for result in results}
        results = [before[work.name] for work in WORK if work.name in before]
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
    machine += f"zarr-python {zarr.__version__}, NumPy {np.__version__}, pyarrow {pa.__version__}"
    machine += f". `import zarr_vlen` takes {1000 * importing():.0f} ms after `import zarr`"
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine, "results": results}, indent=2) + "\n")
    if arguments.chart:
        from chart import draw

        arguments.chart.write_text(draw(results))
    if arguments.readme:
        text = arguments.readme.read_text()
        new = f"<!-- comparison -->\n{table(results)}\n\n{machine}.\n"
        if arguments.chart:
            path = arguments.chart.resolve().relative_to(arguments.readme.resolve().parent)
            new += f"\n![How many times as fast as the other one]({path})\n"
        new += "<!-- end of comparison -->"
        pattern = re.compile("<!-- comparison -->.*<!-- end of comparison -->", re.DOTALL)
        arguments.readme.write_text(pattern.sub(lambda _: new, text))


if __name__ == "__main__":
    main()
