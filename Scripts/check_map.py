#!/usr/bin/env python3
"""Fails where a table that says in which file a name is found is out of date.

A row of such a table has names in its second cell and files in its third, in the marks of code. Each file has to exist,
and each name has to be a word in one of them; of `Type.member(…)` both words.

    python3 Scripts/check_map.py
"""

import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent

# The pages with such tables, and the folders that their files may be relative to.
PAGES = {"Sources/Zarr/Zarr.docc/Architecture.md": ["Sources/Zarr", "Sources"]}

CODE = re.compile(r"`([^`]+)`")


def check(page: str, folders: list[str]) -> list[str]:
    errors = []
    for number, line in enumerate((root / page).read_text().splitlines(), 1):
        cells = line.strip("|").split("|")
        paths = CODE.findall(cells[2]) if len(cells) == 3 else []
        texts = []
        for path in paths:
            found = [file for folder in folders if (file := root / folder / path).is_file()]
            texts += [file.read_text() for file in found[:1]]
            if not found:
                errors.append(f"{page}:{number}: there is no file {path}")
        for name in CODE.findall(cells[1]) if paths else []:
            for word in re.findall(r"\w+", name.split("(")[0]):
                if not any(re.search(rf"\b{word}\b", text) for text in texts):
                    errors.append(f"{page}:{number}: {word} is not in {' or '.join(paths)}")
    return errors


def main() -> None:
    errors = [error for page, folders in PAGES.items() for error in check(page, folders)]
    if errors:
        sys.exit("\n".join(errors))


if __name__ == "__main__":
    main()
