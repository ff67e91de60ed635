#!/usr/bin/env python3
"""Writes the man pages of the tool, one for it and one for each command, from what `--help` says.

    python3 Scripts/man_pages.py ZVLEN DIRECTORY
"""

import json
import re
import subprocess
import sys
from pathlib import Path


def escaped(text: str) -> str:
    """The text for roff, in which a backslash, and a dot or a quote at the beginning of a line, are special."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.MULTILINE)


def name(spelling: dict) -> str:
    dashes = "--" if spelling["kind"] == "long" else "-"
    return f"\\fB{escaped(dashes + spelling['name'])}\\fR"


def value(argument: dict) -> str:
    return f"\\fI{escaped(argument.get('valueName', 'value'))}\\fR"


def heading(argument: dict) -> str:
    """How an argument is given."""
    if argument["kind"] == "positional":
        return value(argument)
    # Short names first.
    names = sorted(argument["names"], key=lambda spelling: spelling["kind"] == "long")
    text = ", ".join(name(spelling) for spelling in names)
    return f"{text} {value(argument)}" if argument["kind"] == "option" else text


def synopsis(argument: dict) -> str:
    if argument["kind"] == "positional":
        text = value(argument)
    else:
        text = name(argument["preferredName"])
        if argument["kind"] == "option":
            text += f" {value(argument)}"
    text += "..." if argument["isRepeating"] else ""
    return f"[{text}]" if argument["isOptional"] else text


def prose(text: str) -> list[str]:
    """Paragraphs, and examples, which are indented."""
    lines: list[str] = []
    is_example = False
    for line in text.splitlines():
        indented = line.startswith("  ")
        if indented != is_example:
            lines += [".PP", ".RS 4", ".nf"] if indented else [".fi", ".RE", ".PP"]
            is_example = indented
        if line.strip():
            lines.append(escaped(line.strip()))
        elif not is_example:
            lines.append(".PP")
    return lines + ([".fi", ".RE"] if is_example else [])


def page(command: dict, path: list[str], version: str) -> str:
    title = "-".join(path)
    lines = [
        f'.TH "{title.upper()}" 1 "" "zvlen {version}" "zvlen"',
        ".SH NAME",
        f"{escaped(title)} \\- {escaped(command['abstract'].rstrip('.'))}",
        ".SH SYNOPSIS",
        f".B {escaped(' '.join(path))}",
    ]
    arguments = [argument for argument in command.get("arguments", []) if argument["shouldDisplay"]]
    subcommands = [
        subcommand for subcommand in command.get("subcommands", [])
        if subcommand["commandName"] != "help" and subcommand.get("shouldDisplay", True)
    ]
    lines.append(" ".join(synopsis(argument) for argument in arguments))
    if subcommands:
        lines.append("\\fIcommand\\fR ...")
    if command.get("discussion"):
        lines += [".SH DESCRIPTION", *prose(command["discussion"])]
    sections: dict[str, list[dict]] = {}
    for argument in arguments:
        section = "ARGUMENTS" if argument["kind"] == "positional" else argument.get("sectionTitle", "Options").upper()
        sections.setdefault(section, []).append(argument)
    for section, members in sections.items():
        lines.append(f'.SH "{section}"')
        for argument in members:
            lines += [".TP", heading(argument), escaped(argument.get("abstract", ""))]
            if argument.get("defaultValue"):
                lines.append(f"The default is {escaped(argument['defaultValue'])}.")
            if argument.get("discussion"):
                lines += [".IP", *(line for line in prose(argument["discussion"]) if line != ".PP")]
    if subcommands:
        lines.append(".SH COMMANDS")
        for subcommand in subcommands:
            full = "-".join([*path, subcommand["commandName"]])
            lines += [".TP", f"\\fB{escaped(full)}\\fR(1)", escaped(subcommand["abstract"])]
    if len(path) > 1:
        lines += [".SH SEE ALSO", f"\\fB{escaped(path[0])}\\fR(1)"]
    return "\n".join(lines) + "\n"


def main() -> None:
    tool, directory = sys.argv[1:]

    def said(*arguments: str) -> str:
        return subprocess.run([tool, *arguments], check=True, capture_output=True, text=True).stdout

    version = said("--version").strip()
    root = json.loads(said("--experimental-dump-help"))["command"]
    pages = [(root, [root["commandName"]])]
    for command, path in pages:
        Path(directory, "-".join(path) + ".1").write_text(page(command, path, version))
        for subcommand in command.get("subcommands", []):
            if subcommand["commandName"] != "help" and subcommand.get("shouldDisplay", True):
                pages.append((subcommand, [*path, subcommand["commandName"]]))


if __name__ == "__main__":
    main()
