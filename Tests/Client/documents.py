#!/usr/bin/env python3
"""Compiles and runs every Swift code block of README and documentation, in a package that is a client of this one.

The blocks of a page are one program: those without `await` run in synchronous code, and those with `await` in a
program of their own, in asynchronous code. A block of declarations stands at file scope, any other one in the body
of the program. What a block uses and readers have themselves is in a comment of the page, before the block:

    <!-- client
    let processCount = 2
    -->

With names as arguments, only the pages that have one of them in their path are tried.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CLIENT = Path(__file__).resolve().parent
ROOT = CLIENT.parent.parent
DOCUMENTS = CLIENT / "Documents"
SCRATCH = ROOT / ".build-client"

PARTS = re.compile(r"^```swift\n(.*?)^```$|^<!-- client\n(.*?)^-->$", re.MULTILINE | re.DOTALL)
DECLARATION = re.compile(
    r"(@\w+(\(.*\))? )*((public|private|package|final|nonisolated) )*"
    r"(import|struct|class|enum|protocol|extension|func|actor) "
)


def pages() -> list[Path]:
    """The pages that may have code blocks, relative to the root."""
    found = [ROOT / "README.md", *ROOT.glob("Sources/*/*.docc/*.md")]
    return sorted(page.relative_to(ROOT) for page in found)


def is_declaration(block: str) -> bool:
    """Whether a block has nothing but declarations, comments and what is inside of them."""
    lines = [line for line in block.splitlines() if line and not line.startswith((" ", "//", "}", ")"))]
    return all(DECLARATION.match(line) for line in lines)


def program(blocks: list[tuple[int, str]], page: Path, *, is_async: bool) -> str:
    """The source of a program that has some blocks of a page, whose lines keep their numbers."""
    imports = {"import Zarr", "import Foundation"}
    declarations: list[str] = []
    body: list[str] = []
    for line, block in blocks:
        imports.update(re.findall(r"^import \w+$", block, re.MULTILINE))
        code = re.sub(r"^import \w+$", "", block, flags=re.MULTILINE)
        target = declarations if is_declaration(code) else body
        target.append(f'#sourceLocation(file: "{page}", line: {line})\n{code}#sourceLocation()')
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
    blocks: dict[bool, list[tuple[int, str]]] = {False: [], True: []}
    context: list[tuple[int, str]] = []
    for match in PARTS.finditer(text):
        code = match.group(1) or match.group(2)
        line = text.count("\n", 0, match.start()) + 2
        if match.group(2):
            context.append((line, code))
            continue
        kind = blocks["await" in code]
        kind += [*context, (line, code)]
        context = []
    name = "Readme" if page.name == "README.md" else page.parent.stem + page.stem
    names = {False: name, True: name + "Async"}
    return {
        names[kind]: program(code, page, is_async=kind) for kind, code in blocks.items() if code
    }


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
    """Runs the programs of the pages, and says how many failed."""
    wanted = sys.argv[1:]
    sources: dict[str, str] = {}
    for page in pages():
        if not wanted or any(word in str(page) for word in wanted):
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
