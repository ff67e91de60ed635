"""Reads arrays with another library, and checks what it finds.

    read_arrays.py [--library zarr|zarrs] ARRAY...
    read_arrays.py [--library zarr|zarrs] --expect FILE [--expect FILE]... ARRAY...
    read_arrays.py [--library zarr|zarrs] --cases CASES_FILE [NAME...]

The first form writes the elements of each array to `<array>.<library>.jsonl`. The second compares them with the given
files, one for each array. The third compares the elements and metadata of the arrays in the file: all that the library can
read, or only the named ones. Paths in it are relative to its directory.

For each array that can be read, prints one line of JSON: the library's description. Each difference is a line on standard
error, and then the exit status is 1. On success nothing is written to standard error.
"""

import argparse
import base64
import importlib
import json
import os
import sys

from elements import element_to_json, first_difference, read_elements, write_elements
from number_cases import ZEROS, fill_value_from_json


def normalized(document):
    """Returns the content of a metadata document, in one form for every library."""
    data_type = document["data_type"]
    name = data_type if isinstance(data_type, str) else data_type["name"]
    fill_value = document["fill_value"]
    if name in ZEROS:
        fill_value = element_to_json(fill_value_from_json(fill_value, name), name)
    elif isinstance(fill_value, list):
        fill_value = base64.b64encode(bytes(fill_value)).decode("ascii")
    return {
        "data_type": name if name == "string" or name in ZEROS else "bytes",
        "stated_data_type": data_type,
        "shape": document["shape"],
        "chunk_shape": document["chunk_grid"]["configuration"]["chunk_shape"],
        "fill_value": fill_value,
        "codecs": normalized_codecs(document["codecs"]),
        "chunk_key_encoding": document["chunk_key_encoding"],
        "dimension_names": document.get("dimension_names"),
        "attributes_json": json.dumps(document.get("attributes") or {}),
    }


def normalized_codecs(codecs):
    """Returns the codecs as objects, in shards too, without empty configurations."""
    result = []
    for codec in codecs:
        codec = {"name": codec} if isinstance(codec, str) else dict(codec)
        configuration = dict(codec.pop("configuration", None) or {})
        for key in ["codecs", "index_codecs"]:
            if key in configuration:
                configuration[key] = normalized_codecs(configuration[key])
        result.append({**codec, "configuration": configuration} if configuration else codec)
    return result


def metadata_differences(case, found):
    """Yields a message for each difference between the found metadata and the case."""
    for key in ["data_type", "shape", "chunk_shape", "fill_value", "chunk_key_encoding", "dimension_names"]:
        if case[key] != found[key]:
            yield f"{key}: expected {json.dumps(case[key])}, found {json.dumps(found[key])}"
    attributes = [json.loads(each["attributes_json"]) for each in (case, found)]
    attributes[1].pop("_zarrs", None)  # zarrs adds an attribute of its own.
    texts = [json.dumps(each, sort_keys=True) for each in attributes]
    if texts[0] != texts[1]:
        yield f"attributes: expected {texts[0]}, found {texts[1]}"
    if not agrees(normalized_codecs(case["codecs"]), found["codecs"]):
        yield f"codecs: expected {json.dumps(case['codecs'])}, found {json.dumps(found['codecs'])}"


def agrees(expected, found):
    """Returns whether `found` includes all of `expected`, possibly with further settings."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return all(key in found and agrees(value, found[key]) for key, value in expected.items())
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(agrees, expected, found))
    return expected == found


def jobs(arguments, parser):
    """Yields for each array its path, the file of its expected elements or None, and its case or None."""
    if arguments.cases:
        if arguments.expect:
            parser.error("--expect and --cases exclude each other")
        with open(arguments.cases, encoding="utf-8") as file:
            cases = {case["name"]: case for case in json.load(file)["cases"]}
        directory = os.path.dirname(arguments.cases)
        for name in arguments.names or [
            name for name in cases if arguments.library in cases[name]["readers"]
        ]:
            if name not in cases:
                parser.error(f"{arguments.cases} has no case {name}")
            case = cases[name]
            yield os.path.join(directory, case["array"]), os.path.join(directory, case["elements"]), case
    else:
        if not arguments.names:
            parser.error("no array is given")
        if arguments.expect and len(arguments.expect) != len(arguments.names):
            parser.error("there must be one --expect for each array")
        for path, expect in zip(arguments.names, arguments.expect or [None] * len(arguments.names)):
            yield path, expect, None


def differences(library, path, expect, case):
    """Reads one array, prints the library's description, and returns a list of differences."""
    try:
        document, elements = library.read(path)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # A Rust panic is not an Exception.
        return [f"{library.VERSION} cannot read it: {error!r}"]
    metadata = normalized(document)
    print(json.dumps({"array": path, "library": library.NAME, **metadata}), flush=True)
    if expect is None:
        write_elements(f"{path.rstrip('/')}.{library.NAME}.jsonl", elements, metadata["data_type"])
        return []
    found = list(metadata_differences(case, metadata)) if case else []
    difference = first_difference(read_elements(expect, metadata["data_type"]), elements)
    return found + [difference] if difference else found


def main():
    parser = argparse.ArgumentParser(
        description="Reads arrays with another library and compares what it finds."
    )
    parser.add_argument(
        "names", metavar="ARRAY", nargs="*", help="a path, or with --cases the name of a case"
    )
    parser.add_argument("--library", choices=["zarr", "zarrs"], default="zarr")
    parser.add_argument("--expect", metavar="FILE", action="append", help="the elements to find (JSON Lines)")
    parser.add_argument("--cases", metavar="CASES_FILE", help="the description of the arrays to read")
    arguments = parser.parse_args()
    library = importlib.import_module(f"library_{arguments.library}")

    status = 0
    for path, expect, case in jobs(arguments, parser):
        for difference in differences(library, path, expect, case):
            print(f"{path}: {library.NAME}: {difference}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
