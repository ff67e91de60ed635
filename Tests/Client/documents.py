#!/usr/bin/env python3
"""Compiles and runs the Swift code blocks of README and documentation, in a package that is a client of this one.

The blocks of a page are one program: those without `await` run in synchronous code, and those with `await` in a
program of their own, in asynchronous code. A block of declarations stands at file scope, any other one in the body
of the program. What a block uses and readers have themselves is in a comment of the page, before the block:

    <!-- client
    let processCount = 2
    -->

The docstrings of the libraries have such blocks too, after `/// ```swift`. Each of them stands alone, and all are one
program.

With names as arguments, only the pages and source files that have one of them in their path are tried.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

CLIENT = Path(__file__).resolve().parent
ROOT = CLIENT.parent.parent
DOCUMENTS = CLIENT / "Documents"
SCRATCH = ROOT / ".build-client"

LIBRARIES = ("ChunkEngine", "Zarr", "ZarrRemote")

PARTS = re.compile(r"^```swift\n(.*?)^```$|^<!-- client\n(.*?)^-->$", re.MULTILINE | re.DOTALL)
DECLARATION = re.compile(
    r"(@\w+(\(.*\))? )*((public|private|package|final|nonisolated) )*"
    r"(import|struct|class|enum|protocol|extension|func|actor) "
)


DOCSTRING = re.compile(r"^ *///(?: (.*)|)$")


class Block(NamedTuple):
    """Code, and where it is."""

    path: Path
    line: int
    code: str


def pages() -> list[Path]:
    """The pages that may have code blocks, relative to the root."""
    found = [ROOT / "README.md", *ROOT.glob("Sources/*/*.docc/*.md")]
    return sorted(page.relative_to(ROOT) for page in found)


def source_files() -> list[Path]:
    """The files that may have code blocks in docstrings, relative to the root."""
    found = [path for library in LIBRARIES for path in (ROOT / "Sources" / library).rglob("*.swift")]
    return sorted(path.relative_to(ROOT) for path in found)


def is_declaration(block: str) -> bool:
    """Whether a block has nothing but declarations, comments and what is inside of them."""
    lines = [line for line in block.splitlines() if line and not line.startswith((" ", "//", "}", ")"))]
    return all(DECLARATION.match(line) for line in lines)


def program(blocks: list[Block], *, is_async: bool) -> str:
    """The source of a program that has some blocks, whose lines keep their numbers."""
    imports = {"import Zarr", "import Foundation"}
    declarations: list[str] = []
    body: list[str] = []
    for path, line, block in blocks:
        imports.update(re.findall(r"^import \w+$", block, re.MULTILINE))
        code = re.sub(r"^import \w+$", "", block, flags=re.MULTILINE)
        target = declarations if is_declaration(code) else body
        target.append(f'#sourceLocation(file: "{path}", line: {line})\n{code}#sourceLocation()')
    effects = "async throws" if is_async else "throws"
    return "\n".join(
        [
            *sorted(imports),
            *declarations,
            "@main enum Program {",
            f"static func main() {effects} {{",
            *body,
            "}",
            "}",
            "",
        ]
    )


def programs(page: Path) -> dict[str, str]:
    """The programs of a page, by their names."""
    text = (ROOT / page).read_text()
    sync_blocks: list[Block] = []
    async_blocks: list[Block] = []
    context: list[Block] = []
    for match in PARTS.finditer(text):
        block = Block(page, text.count("\n", 0, match.start()) + 2, match.group(1) or match.group(2))
        if match.group(2):
            context.append(block)
            continue
        blocks = async_blocks if "await" in block.code else sync_blocks
        blocks += [*context, block]
        context = []
    name = "Readme" if page.name == "README.md" else page.parent.stem + page.stem
    found = {}
    if sync_blocks:
        found[name] = program(sync_blocks, is_async=False)
    if async_blocks:
        found[name + "Async"] = program(async_blocks, is_async=True)
    return found


def docstring_program(paths: list[Path]) -> dict[str, str]:
    """The program of the blocks in docstrings by its name, or none if there are no blocks; they have no `await`."""
    blocks: list[Block] = []
    for path in paths:
        # The lines of code are left blank, so that those of docstrings keep their numbers.
        comments = (DOCSTRING.match(line) for line in (ROOT / path).read_text().splitlines())
        text = "\n".join((match.group(1) or "") if match else "" for match in comments)
        for match in PARTS.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            blocks.append(Block(path, line, f"do {{\n{match.group(1)}}}\n"))
    return {"Docstrings": program(blocks, is_async=False)} if blocks else {}


def run(sources: dict[str, str]) -> int:
    """Builds the programs and runs each in a directory of its own; returns how many failed."""
    for name, source in sources.items():
        directory = DOCUMENTS / name
        directory.mkdir(parents=True)
        (directory / "Program.swift").write_text(source)
    build = ["swift", "build", "--package-path", str(CLIENT), "--scratch-path", str(SCRATCH)]
    # The manifest has a target for each name. They are in the environment, since SwiftPM evaluates the manifest again
    # only if that or its text changes.
    environment = os.environ | {"DOCUMENTS": " ".join(sources)}
    if subprocess.run(build, env=environment).returncode:
        return len(sources)
    shown = subprocess.run(
        [*build, "--show-bin-path"], check=True, capture_output=True, text=True, env=environment
    )
    binaries = Path(shown.stdout.strip())
    failed = 0
    for name in sources:
        with tempfile.TemporaryDirectory(prefix="zarr-vlen-document-") as directory:
            ran = subprocess.run(
                [binaries / name], cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True
            )
        if ran.returncode:
            failed += 1
            print(f"{name} ended with {ran.returncode}:\n{ran.stdout[-2000:]}{ran.stderr[-4000:]}")
    return failed


def main() -> int:
    """Runs the programs of pages and docstrings, and says how many failed."""
    words = sys.argv[1:]

    def wanted(paths: list[Path]) -> list[Path]:
        return [path for path in paths if not words or any(word in str(path) for word in words)]

    sources = docstring_program(wanted(source_files()))
    for page in wanted(pages()):
        sources |= programs(page)
    shutil.rmtree(DOCUMENTS, ignore_errors=True)
    try:
        failed = run(sources)
    finally:
        shutil.rmtree(DOCUMENTS, ignore_errors=True)
    print(f"documents: {len(sources) - failed} passed, {failed} failed")
    return 1 if failed or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
