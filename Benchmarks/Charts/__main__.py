"""Draws what `zvlen-bench` measured.

    python Benchmarks/Charts page FILE.json... -o PAGE.html
    python Benchmarks/Charts results [DIRECTORY] [--readme README.md]
    python Benchmarks/Charts scaling

`page` makes a page from reports that `compare`, `grow` or `tune` wrote with --json. `results` makes the page, the
drawings and the tables of the READMEs from all reports in a directory. A row of a later file name replaces the same
row of an earlier one. `scaling` simulates clusters that write to a bucket, for some minutes, and makes the chart and the
table of the page on clusters.
"""

import argparse
import json
from pathlib import Path

import scaling
import tuning
from comparison import Comparison
from growth import Growth
from page import page
from results import publish


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("page")
    command.add_argument("reports", nargs="+", type=Path, metavar="FILE.json")
    command.add_argument("-o", "--output", type=Path, required=True, metavar="PAGE.html")
    command.set_defaults(run=lambda arguments: arguments.output.write_text(page_of(arguments.reports)))
    command = commands.add_parser("results")
    command.add_argument("directory", nargs="?", type=Path, default=Path("Benchmarks/Results"))
    command.add_argument("--readme", type=Path, default=Path("README.md"))
    command.set_defaults(run=lambda arguments: publish(arguments.directory, arguments.readme))
    command = commands.add_parser("scaling")
    command.set_defaults(run=lambda arguments: scaling.publish(Path("Sources/Zarr/Zarr.docc/Clusters.md")))
    arguments = parser.parse_args()
    arguments.run(arguments)


def page_of(paths: list[Path]) -> str:
    """Returns a page of reports of one command."""
    first = json.loads(paths[0].read_text())
    if "advice" in first:
        return page(first["title"], first["lead"], tuning.sections(first))
    if "codec" in first:
        growth = Growth(paths)
        return page("How the cost of zarr-vlen grows", growth.lead(), growth.sections())
    comparison = Comparison(paths)
    return page("zarr-vlen beside other libraries", comparison.lead(), comparison.sections())


if __name__ == "__main__":
    main()
