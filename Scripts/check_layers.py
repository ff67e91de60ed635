#!/usr/bin/env python3
"""Fails where a folder of a module names a type of a folder above it.

The folders of each module are listed below from the lowest to the highest. A folder may use what it defines itself
and what the folders before it define. "." stands for the files of the module's own folder.

    python3 Scripts/check_layers.py
"""

import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent

LAYERS = {
    "Sources/ChunkEngine": [".", "Memory", "Geometry", "Elements", "Codecs", "Chain", "Shards"],
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


def check(module: str, folders: list[str]) -> list[str]:
    base = root / module
    files = {
        folder: sorted(base.glob("*.swift") if folder == "." else (base / folder).rglob("*.swift"))
        for folder in folders
    }
    listed = {path for paths in files.values() for path in paths}
    errors = [
        f"{path.relative_to(root)}: its folder is not in the list of layers"
        for path in sorted(base.rglob("*.swift")) if path not in listed
    ]
    texts = {path: code(path) for path in listed}
    level_of: dict[str, int] = {}
    for level, folder in enumerate(folders):
        for path in files[folder]:
            for name in DEFINITION.findall(texts[path]):
                level_of[name] = min(level, level_of.get(name, level))
    for level, folder in enumerate(folders):
        for path in files[folder]:
            for number, line in enumerate(texts[path].splitlines(), 1):
                for name in NAME.findall(line):
                    above = level_of.get(name, level)
                    if above > level:
                        errors.append(
                            f"{path.relative_to(root)}:{number}: {folder} uses {name} of {folders[above]}, which is above it")
    return errors


def main() -> None:
    errors = [error for module, folders in LAYERS.items() for error in check(module, folders)]
    if errors:
        sys.exit("\n".join(errors))


if __name__ == "__main__":
    main()
