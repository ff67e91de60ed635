"""Writes the shared arrays with another library.

    write_arrays.py [--library zarr|zarrs] [--portable] DIRECTORY

writes, for each case that the library can write, the array `DIRECTORY/<case>.zarr` and its expected elements
`DIRECTORY/<case>.jsonl`, and `DIRECTORY/cases.json`, which describes all.

The metadata is in the library's own form. `--portable` replaces it with a form that every library reads: zarr-python does
not read zarrs' codecs as bare names and fill values as lists of numbers. zarrs also adds an attribute `_zarrs` with its
version.
"""

import argparse
import dataclasses
import importlib
import json
import os
import shutil
import sys

from corpus import all_cases, write_corpus


def main():
    parser = argparse.ArgumentParser(description="Writes the shared arrays with another library.")
    parser.add_argument("directory", metavar="DIRECTORY")
    parser.add_argument("--library", choices=["zarr", "zarrs"], default="zarr")
    parser.add_argument("--portable", action="store_true", help="write metadata that every library reads")
    arguments = parser.parse_args()
    library = importlib.import_module(f"library_{arguments.library}")

    cases = [case for case in all_cases() if arguments.library in case.writers]
    os.makedirs(arguments.directory, exist_ok=True)
    for case in cases:
        path = os.path.join(arguments.directory, f"{case.name}.zarr")
        shutil.rmtree(path, ignore_errors=True)
        try:
            library.write(path, case)
        except Exception as error:
            print(f"{case.name}: {library.VERSION} cannot write it: {error!r}", file=sys.stderr)
            return 1
        if arguments.portable:
            with open(os.path.join(path, "zarr.json"), "w", encoding="ascii") as file:
                json.dump(case.metadata(), file)
    if arguments.library == "zarrs" and not arguments.portable:
        cases = [dataclasses.replace(case, readers=["zarrs"]) for case in cases]
    write_corpus(arguments.directory, cases, library=library.VERSION)
    return 0


if __name__ == "__main__":
    sys.exit(main())
