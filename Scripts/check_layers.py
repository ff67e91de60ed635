#!/usr/bin/env python3
"""Fails where a folder of a module names a type of a folder above it.

The layers of each module are listed below from the lowest to the highest. A file may use the types of its own layer
and of those before it. A layer is a folder, or several folders that know one another; "." stands for the files of
the module's own folder. Extensions are not looked at: a folder may extend a type of a lower one.

    python3 Scripts/check_layers.py
"""

import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent

LAYERS = {
    "Sources/ChunkEngine": [".", "Memory", "Geometry", "Elements", "Codecs", "Chain", "Shards"],
    "Sources/Zarr": [
        ". Metadata Codecs", "Storage", "Locking",
        "Arrays Elements WriteBack Appending Clusters Groups Copying Async", "Tuning",
    ],
    "Sources/ZarrRemote": ["HTTP", "Zip S3", "URLs"],
}

# The scanner takes the first of these that fits, so a comment mark inside of a string is part of the string.
IGNORED = re.compile(r'"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*[\s\S]*?\*/')
DEFINITION = re.compile(
    r"^(?:@\w+(?:\([^)]*\))? |(?:public|package|internal|final|indirect|nonisolated) )*"
    r"(?:struct|class|enum|protocol|actor|typealias) (\w+)", re.MULTILINE)
# A name after a dot is a member's.
NAME = re.compile(r"(?<![\w.])[A-Z]\w*")


def code(path: pathlib.Path) -> str:
    """The text of a file with comments and strings left blank, so that lines keep their numbers."""
    return IGNORED.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), path.read_text())


def files(base: pathlib.Path, layer: str) -> list[pathlib.Path]:
    return sorted(
        path for folder in layer.split()
        for path in (base.glob("*.swift") if folder == "." else (base / folder).rglob("*.swift")))


def check(module: str, layers: list[str]) -> list[str]:
    base = root / module
    level_of_file = {path: level for level, layer in enumerate(layers) for path in files(base, layer)}
    errors = [
        f"{path.relative_to(root)}: its folder is not in the list of layers"
        for path in sorted(base.rglob("*.swift")) if path not in level_of_file
    ]
    texts = {path: code(path) for path in level_of_file}
    level_of: dict[str, int] = {}
    for path, level in level_of_file.items():
        for name in DEFINITION.findall(texts[path]):
            level_of[name] = min(level, level_of.get(name, level))
    for path, level in level_of_file.items():
        for number, line in enumerate(texts[path].splitlines(), 1):
            for name in NAME.findall(line):
                above = level_of.get(name, level)
                if above > level:
                    errors.append(
                        f"{path.relative_to(root)}:{number}: {layers[level]} uses {name} of {layers[above]}, which is above it")
    return errors


def main() -> None:
    errors = [error for module, layers in LAYERS.items() for error in check(module, layers)]
    if errors:
        sys.exit("\n".join(errors))


if __name__ == "__main__":
    main()
