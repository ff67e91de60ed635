#!/usr/bin/env python3
"""Fails if a kernel is slower than in an earlier revision.

Builds both revisions here, then measures them in turns, several times. The figure of a benchmark is its fastest time,
because other work of the machine only adds to it. Benchmarks/Micro/thresholds.json has the minimum speed of the new build
relative to the old one, for all benchmarks and for single ones by name.

    BASE=origin/main python3 Scripts/bench_check.py [--rounds 3]
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parent.parent
micro = pathlib.Path("Benchmarks") / "Micro"


def check_out(revision: str, place: pathlib.Path) -> None:
    """Checks an earlier revision out to `place`, with today's benchmarks, unless it is there already."""
    command = ["git", "rev-parse", "--verify", revision + "^{commit}"]
    commit = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    mark = place / ".revision"
    if not mark.exists() or mark.read_text() != commit:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        archive = subprocess.run(["git", "archive", commit], cwd=root, stdout=subprocess.PIPE, check=True).stdout
        subprocess.run(["tar", "-x", "-C", place], input=archive, check=True)
        mark.write_text(commit)
    shutil.rmtree(place / micro, ignore_errors=True)
    shutil.copytree(root / micro, place / micro, ignore=shutil.ignore_patterns(".build*"))


def package(place: pathlib.Path, scratch: pathlib.Path, *arguments: str) -> str:
    command = ["swift", *arguments[:1], "--package-path", place / micro, "--scratch-path", scratch, *arguments[1:]]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{result.stdout}")
    return result.stdout


def measure(place: pathlib.Path, scratch: pathlib.Path) -> dict[str, float]:
    """The fastest time of each benchmark, in microseconds."""
    text = package(
        place, scratch, "package", "benchmark", "--format", "jmh", "--path", "stdout", "--no-progress")
    # The result is one line of JSON among lines of the package manager.
    results = [json.loads(line) for line in text.splitlines() if line.startswith("[{")]
    if len(results) != 1:
        sys.exit(f"swift package benchmark gave no results:\n{text}")
    times = {}
    for result in results[0]:
        metric = result["secondaryMetrics"]["Time (wall clock)"]
        times[result["benchmark"].split(".")[-1].replace("_", " ")] = metric["scorePercentiles"]["0.0"]
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="the number of measurements of each revision")
    rounds = parser.parse_args().rounds
    revision = os.environ.get("BASE") or "HEAD~1"
    thresholds = json.loads((root / micro / "thresholds.json").read_text())

    builds = {"old": root / ".build-micro-old", "new": root / ".build-micro-new"}
    places = {"old": root / ".build-micro-base", "new": root}
    check_out(revision, places["old"])
    times: dict[str, dict[str, float]] = {"old": {}, "new": {}}
    for round_number in range(rounds):
        for name in ("old", "new") if round_number % 2 == 0 else ("new", "old"):
            for benchmark, time in measure(places[name], builds[name]).items():
                times[name][benchmark] = min(time, times[name].get(benchmark, time))

    failures = 0
    print(f"{'':28}{revision[:12]:>14}{'here':>14}{'speed':>9}{'least':>8}")
    for benchmark in sorted(times["new"]):
        old, new = times["old"].get(benchmark), times["new"][benchmark]
        if old is None or not new:
            continue
        speed = old / new
        least = thresholds["of"].get(benchmark, thresholds["least_speed"])
        failures += speed < least
        mark = "  slower" if speed < least else ""
        print(f"{benchmark:28}{old:11.1f} µs{new:11.1f} µs{speed:9.2f}{least:8.2f}{mark}")
    if failures:
        sys.exit(f"{failures} of {len(times['new'])} kernels are slower than {revision} allows.")


if __name__ == "__main__":
    main()
