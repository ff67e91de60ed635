#!/usr/bin/env python3
"""Fails where comments, messages or documents have a phrase that a native reader stumbles over.

Each phrase has a note that says what to write instead. The places that are checked are those whose English has been
rewritten; the list grows until it covers the tree.

    python3 Scripts/check_words.py [FILE...]
"""

import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent

# Where the phrases are looked for: files, and folders with all Swift, C and Markdown files in them.
PLACES = [
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    "Python/README.md",
    "Benchmarks",
    "Scripts",
    "Sources/CKernels",
    "Sources/CommandLineOptions",
    "Sources/ChunkEngine/ChunkEngine.docc",
    "Sources/ChunkEngine/Chain",
    "Sources/ChunkEngine/Codecs",
    "Sources/ChunkEngine/Elements",
    "Sources/ChunkEngine/Geometry",
    "Sources/ChunkEngine/Memory",
    "Sources/ChunkEngine/Shards",
    "Sources/Zarr/Appending",
    "Sources/Zarr/Arrays",
    "Sources/Zarr/Async",
    "Sources/Zarr/Codecs",
    "Sources/Zarr/Copying",
    "Sources/Zarr/Elements",
    "Sources/Zarr/Groups",
    "Sources/Zarr/Locking",
    "Sources/Zarr/Metadata",
    "Sources/Zarr/Storage",
    "Sources/Zarr/Tuning",
    "Sources/Zarr/WriteBack",
    "Sources/Zarr/Zarr.docc",
    "Sources/ZarrPlatform",
    "Sources/ZarrRemote/ZarrRemote.docc",
    "Sources/ZvlenCommands",
    "Tests/TestSupport",
]

PHRASES = {
    r"behind": "'after' for order, 'past the end of' for positions",
    r"whoever|whosoever": "name the one who acts, or say 'you'",
    r"nobody|somebody|everybody": "'no caller', 'another writer', 'every library': name them",
    r"unless it is said|unless told otherwise": "'by default', or what the default is",
    r"for people to read": "'for messages'",
    r"of each of which|of which each|of all of which": "two sentences",
    r"of which (?:the|a|an|every|all|some|only|no|none)\b": "'whose', or two sentences",
    r"(?:one|those|others?|what) (?:that|which) (?:is|are) there already": "'an existing …'",
    r"(?:^|[.;:] )Who \w+s\b(?![^.]*\?)": "'Anyone who …' or 'If you …'",
    r"(?:for|of|by|to|than) who (?:reads|writes|wants|knows|calls|needs)\b": "'for a reader', 'to a caller'",
    r"it is for that that|that that is": "say it directly",
    r"lets? go of": "'releases', 'drops'",
    r"takes? the \w+ apart|took apart": "'splits'",
    r"is (?:there|here) (?:so )?long as": "'lives as long as'",
    r"are said to|is said to be": "'is documented as'",
    r"how much it is worth": "'whether it pays'",
}

PATTERN = re.compile("|".join(f"(?P<p{number}>\\b(?:{phrase}))" if phrase[0].isalpha() else f"(?P<p{number}>{phrase})"
                              for number, phrase in enumerate(PHRASES)), re.IGNORECASE)
NOTES = list(PHRASES.values())
KINDS = {".swift", ".md", ".c", ".h"}


def files(place: str) -> list[pathlib.Path]:
    path = root / place
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob("*") if file.suffix in KINDS)


def check(path: pathlib.Path) -> list[str]:
    text = path.read_text()
    errors = []
    # A comment's mark between two lines is a space, so that phrases are found across them.
    joined = re.sub(r"\n[ \t]*(?:///?|\*)?[ \t]*", lambda match: " " * len(match.group()), text)
    for match in PATTERN.finditer(joined):
        number = text.count("\n", 0, match.start()) + 1
        note = NOTES[int(match.lastgroup[1:])]
        errors.append(f"{path.relative_to(root)}:{number}: {' '.join(match.group().split())!r}: write {note}")
    return errors


def main() -> None:
    arguments = [pathlib.Path(argument).resolve() for argument in sys.argv[1:]]
    paths = arguments or [path for place in PLACES for path in files(place)]
    errors = [error for path in paths for error in check(path)]
    if errors:
        sys.exit("\n".join(errors))


if __name__ == "__main__":
    main()
