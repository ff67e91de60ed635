"""The tool ``zvlen``, as ``python -m zarr_vlen``."""

import os
import sys
from pathlib import Path


def main() -> None:
    """Become the tool, which takes over the process with its streams and signals."""
    os.execv(Path(__file__).with_name("lib") / "zvlen", ["zvlen", *sys.argv[1:]])


if __name__ == "__main__":
    main()
