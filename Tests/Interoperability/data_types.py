"""Arrays of every data type and of both versions of Zarr, by other libraries.

    data_types.py write DIRECTORY --library zarr2|zarr|zarrs    writes arrays, and describes them
    data_types.py read --library zarr2|zarr|zarrs ARRAY...      describes arrays
    data_types.py grids --library zarr2|zarr|zarrs              names the library's chunk grids

zarr2 is zarr-python 2, in an environment of its own that setup.sh makes.

The first two print a line of JSON for each array:

    array       the path
    elements    each element in C order in hexadecimal, in the form of this project: numbers with the least
                significant byte first, text in UTF-8, JSON as text, and optional elements after 1, or as 0 and zeros
    fill_value  such an element, or null if it is undefined
"""

import argparse
import importlib
import json
import os
import sys


def main():
    parser = argparse.ArgumentParser(description="Arrays of every data type, by other libraries.")
    parser.add_argument("action", choices=["write", "read", "grids"])
    parser.add_argument("paths", metavar="PATH", nargs="*")
    parser.add_argument("--library", choices=["zarr2", "zarr", "zarrs"], default="zarr")
    arguments = parser.parse_intermixed_args()
    library = importlib.import_module(f"data_types_{arguments.library}")
    if arguments.action == "grids":
        return print("\n".join(library.GRIDS))
    if arguments.action == "read":
        found = ((path, *library.read(path)) for path in arguments.paths)
    else:
        os.makedirs(arguments.paths[0], exist_ok=True)
        found = library.write(arguments.paths[0])
    for path, elements, fill_value in found:
        line = {"array": path, "elements": [each.hex() for each in elements]}
        line["fill_value"] = None if fill_value is None else fill_value.hex()
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    sys.exit(main())
