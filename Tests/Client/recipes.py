#!/usr/bin/env python3
"""Runs the shell blocks of pages with the built tool: all blocks of a page, one after the other, in a new directory.

    python3 Tests/Client/recipes.py [ZVLEN]

The tool is that of the debug build by default. Programs in Python run in the environment of the interoperability tests.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = ["README.md", "Sources/Zarr/Zarr.docc/WithPython.md"]
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def main() -> int:
    """Runs the blocks, and returns how many pages failed."""
    tool = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / ".build/debug/zvlen").resolve()
    path = [str(tool.parent), str(ROOT / ".venv/bin"), os.environ["PATH"]]
    failed = 0
    for page in PAGES:
        script = "\n".join(BLOCK.findall((ROOT / page).read_text()))
        if not script:
            print(f"recipes: {page} has no blocks of shell commands")
            failed += 1
            continue
        with tempfile.TemporaryDirectory(prefix="zarr-vlen-recipes-") as directory:
            ran = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", script], cwd=directory, capture_output=True, text=True,
                env=os.environ | {"PATH": os.pathsep.join(path)},
            )
        if ran.returncode:
            failed += 1
            print(f"{page} ended with {ran.returncode}:\n{ran.stdout[-2000:]}{ran.stderr[-4000:]}")
    print(f"recipes: {len(PAGES) - failed} pages passed, {failed} failed")
    return failed


if __name__ == "__main__":
    sys.exit(main())
