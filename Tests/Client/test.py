#!/usr/bin/env python3
"""Tests the package from one that is a client of it: what is public, in the words that a client reads.

Runs the tests of `Tests`, and compiles each program of `Refused`, whose errors have to name `ZarrElement`.
"""

import os
import subprocess
import sys
from pathlib import Path

CLIENT = Path(__file__).resolve().parent
SCRATCH = CLIENT.parent.parent / ".build-client"


def swift(command: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Runs a command of the package manager, with its output kept if the environment is changed."""
    return subprocess.run(
        ["swift", command, "--package-path", CLIENT, "--scratch-path", SCRATCH, *arguments],
        env=os.environ | environment, capture_output=bool(environment), text=True,
    )


def main() -> int:
    """Runs everything and says what failed."""
    failed = swift("test").returncode != 0
    for program in sorted((CLIENT / "Refused").glob("*.swift")):
        name = program.stem
        built = swift("build", "--target", name, CLIENT=name)
        errors = {line for line in built.stdout.splitlines() if f"{program.name}:" in line and "error:" in line}
        expected = program.read_text().count("Point(") + program.read_text().count("Point.self")
        if built.returncode == 0 or len(errors) < expected or any("ZarrElement" not in error for error in errors):
            failed = True
            print(f"{name}: expected {expected} errors that name ZarrElement:\n{built.stdout}")
    print("client: failed" if failed else "client: passed")
    return failed


if __name__ == "__main__":
    sys.exit(main())
