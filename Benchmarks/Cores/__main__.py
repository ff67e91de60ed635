"""Counts what the workers of zvlen share for each chunk, and says what that does with many cores.

    python3 Benchmarks/Cores ZVLEN

ZVLEN is the tool, built for release. Nothing is timed on more cores than there are here. Instead, `count.c` counts how
often a thread changes the reference count of an object that other threads change too, for twice as many chunks and for
once as many: the difference is what each chunk costs. A simulation then lets workers take turns: each computes for as
long as a chunk takes on one core, and accesses what it shares with all others for each chunk. An access to the same line
of memory waits for those before it.
"""

from __future__ import annotations

import argparse
import heapq
import os
import random
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# The time that a line takes from one core to another, if many want it: a value for one socket, and one for two.
LINE_SECONDS = (60e-9, 120e-9)
CORES = (1, 2, 8, 16, 32, 64)
LINE_COUNT = 500_000
HERE = Path(__file__).parent


@dataclass
class Sharing:
    """What a chunk takes."""

    accesses: float
    accesses_of_one: float
    seconds: float


def lines(count: int) -> bytes:
    """Return lines like those of a log, about 100 bytes each."""
    generator = random.Random(7)
    words = ["".join(generator.choices("abcdefghijklmnop", k=generator.randrange(2, 9))) for _ in range(4000)]
    return b"".join(
        f"2026-12-01T00:{n % 60:02} INFO request {n * 7919:08x} of {generator.choice(words)} took "
        f"{generator.randrange(10_000)} ms, cache {generator.choice(words)}; status 200\n".encode()
        for n in range(count)
    )


def run(tool: str, *arguments: str, library: Path | None = None, workers: int = 2) -> tuple[float, float]:
    """Run the tool, and return what was counted."""
    environment = dict(os.environ)
    with tempfile.NamedTemporaryFile() as counts:
        if library:
            environment |= {"LD_PRELOAD": str(library), "SHARED_COUNTS": counts.name}
        subprocess.run(
            [tool, *arguments, "--workers", str(workers)],
            env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        text = Path(counts.name).read_text().split()
    return (float(text[0]), float(text[1])) if text else (0.0, 0.0)


def measure(tool: str, library: Path, folder: Path, flags: list[str], chunk_bytes: int) -> dict[str, Sharing]:
    """Measure writing and reading with some settings."""
    results: dict[str, list[tuple[float, float, float, float]]] = {"write": [], "read": []}
    for factor in (1, 2):
        source = folder / "lines"
        content = lines(factor * LINE_COUNT)
        source.write_bytes(content)
        array = folder / "lines.zarr"
        work: dict[str, Callable[[], list[str]]] = {
            "write": lambda: ["import", str(source), "-o", str(array), "--overwrite", *flags],
            "read": lambda: ["export", str(array), "-o", "-"],
        }
        for name, arguments in work.items():
            shared, most = run(tool, *arguments(), library=library, workers=8)
            seconds = []
            for _ in range(3):
                start = time.perf_counter()
                run(tool, *arguments(), workers=1)
                seconds.append(time.perf_counter() - start)
            results[name].append((len(content) / chunk_bytes, shared, most, min(seconds)))
    sharing = {}
    for name, (once, twice) in results.items():
        chunks = twice[0] - once[0]
        sharing[name] = Sharing(*((b - a) / chunks for a, b in zip(once[1:], twice[1:], strict=True)))
    return sharing


def speedup(sharing: Sharing, workers: int, line_seconds: float, chunk_count: int = 20_000) -> float:
    """Simulate workers that share one line, and return how many times as fast they are as one worker.

    The accesses of a chunk are spread over its time. The next chunk's number is one access more.
    """
    accesses = max(1, round(sharing.accesses_of_one)) + 1
    pause = sharing.seconds / accesses
    generator = random.Random(1)
    # The workers begin at different times.
    events = [(generator.random() * pause, worker, accesses) for worker in range(workers)]
    heapq.heapify(events)
    line_is_free = 0.0
    done = 0
    now = 0.0
    while done < chunk_count:
        now, worker, left = heapq.heappop(events)
        if workers > 1:
            now = line_is_free = max(now, line_is_free) + line_seconds
        if left == 1:
            done += 1
        heapq.heappush(events, (now + pause, worker, left - 1 if left > 1 else accesses))
    return chunk_count * sharing.seconds / now


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool", metavar="ZVLEN", help="the tool, built for release")
    tool = os.path.abspath(parser.parse_args().tool)
    settings = [
        ("16 KiB, a file each", ["--chunk-bytes", "16KiB"], 16 << 10),
        ("64 KiB, a file each", ["--chunk-bytes", "64KiB"], 64 << 10),
        ("1 MiB, a file each", ["--chunk-bytes", "1MiB"], 1 << 20),
        ("1 KiB in shards of 4 MiB", ["--chunk-bytes", "1KiB", "--shard-bytes", "4MiB"], 1 << 10),
        ("8 KiB in shards of 4 MiB", ["--chunk-bytes", "8KiB", "--shard-bytes", "4MiB"], 8 << 10),
    ]
    head = ["chunks", "work", "us a chunk", "shared accesses", "of one object"]
    print("| " + " | ".join(head + [f"{cores} cores" for cores in CORES[2:]]) + " |")
    print("|---|---|" + "---:|" * (len(head) - 2 + len(CORES) - 2))
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        folder = Path(name)
        library = folder / "count.so"
        subprocess.run(
            ["cc", "-O2", "-shared", "-fPIC", str(HERE / "count.c"), "-o", str(library), "-ldl"], check=True
        )
        for title, flags, chunk_bytes in settings:
            for work, sharing in measure(tool, library, folder, flags, chunk_bytes).items():
                speeds = [
                    " to ".join(f"{speedup(sharing, cores, seconds):.0f}x" for seconds in reversed(LINE_SECONDS))
                    for cores in CORES[2:]
                ]
                figures = [
                    f"{sharing.seconds * 1e6:.1f}",
                    f"{sharing.accesses:.1f}",
                    f"{sharing.accesses_of_one:.1f}",
                ]
                print("| " + " | ".join([title, work, *figures, *speeds]) + " |", flush=True)


if __name__ == "__main__":
    main()
