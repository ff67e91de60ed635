"""Hierarchies of zarr-python: groups, arrays of text in them, and consolidated metadata.

    hierarchies.py write DIRECTORY    writes DIRECTORY/v3.zarr and DIRECTORY/v2.zarr, and describes them
    hierarchies.py read STORE...      describes hierarchies, by their consolidated metadata if they have any

A description is a line of JSON: `format`, `consolidated` (whether the root has consolidated metadata) and
`nodes`, a list of objects with `path`, `kind` and `attributes`, and for arrays `shape` and `elements`.
"""

import json
import sys
import warnings

import zarr

warnings.filterwarnings("ignore")


def write(path, zarr_format):
    root = zarr.create_group(path, zarr_format=zarr_format, attributes={"title": "é", "list": [1, None]})
    for name, attributes in [("empty", {}), ("run", {"seed": 7}), ("run/deep/er", {"x": {"y": True}})]:
        root.require_group(name).attrs.update(attributes)
    for name, elements in [("labels", ["a", "", "é\n"]), ("run/deep/names", ["x"] * 5)]:
        array = root.create_array(name, shape=(len(elements),), chunks=(2,), dtype="string")
        array[:] = elements
    root["labels"].attrs["unit"] = "m"
    zarr.consolidate_metadata(path)


def describe(path):
    root = zarr.open_group(path, mode="r")
    nodes = []
    for name, node in sorted(root.members(max_depth=None)):
        entry = {"path": name, "attributes": dict(node.attrs)}
        if isinstance(node, zarr.Array):
            entry |= {"kind": "array", "shape": list(node.shape), "elements": [str(item) for item in node[...]]}
        else:
            entry["kind"] = "group"
        nodes.append(entry)
    return {
        "format": root.metadata.zarr_format,
        "consolidated": root.metadata.consolidated_metadata is not None,
        "attributes": dict(root.attrs),
        "nodes": nodes,
    }


def main():
    command, *paths = sys.argv[1:]
    if command == "write":
        directory = paths[0]
        paths = [f"{directory}/v{zarr_format}.zarr" for zarr_format in (3, 2)]
        for path, zarr_format in zip(paths, (3, 2)):
            write(path, zarr_format)
    for path in paths:
        print(json.dumps(describe(path)))


if __name__ == "__main__":
    main()
