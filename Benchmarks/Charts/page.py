"""A page without other files or scripts, in the light or dark colours that you prefer."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from charts import DARK, LIGHT


@dataclass
class Section:
    """Parts of a page, in HTML, below a heading."""

    title: str
    blocks: list[str]


def paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"


def code(text: str) -> str:
    return f"<pre>{html.escape(text)}</pre>"


def details(title: str, content: str) -> str:
    return f"<details><summary>{html.escape(title)}</summary>\n{content}\n</details>"


def figure(caption: str, svg: str) -> str:
    return f"<figure>\n<figcaption>{html.escape(caption)}</figcaption>\n{svg}\n</figure>"


def grid(figures: Sequence[str]) -> str:
    """Returns figures side by side, as many as fit."""
    return '<div class="charts">\n' + "\n".join(figures) + "\n</div>"


def page(title: str, lead: Sequence[str], sections: Sequence[Section]) -> str:
    links = "".join(f'<li><a href="#s{i}">{html.escape(s.title)}</a></li>' for i, s in enumerate(sections))
    body = "\n".join(
        f'<section id="s{i}">\n<h2>{html.escape(s.title)}</h2>\n' + "\n".join(s.blocks) + "\n</section>"
        for i, s in enumerate(sections)
    )
    introduction = "\n".join(map(paragraph, lead))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{html.escape(title)}</title>
<style>
:root {{ {variables(LIGHT)} }}
@media (prefers-color-scheme: dark) {{ :root {{ {variables(DARK)} }} }}
{CSS}</style>
</head>
<body>
<header>
<h1>{html.escape(title)}</h1>
{introduction}
<nav><ul>{links}</ul></nav>
</header>
<main>
{body}
</main>
</body>
</html>
"""


def variables(palette: dict[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in palette.items())


CSS = """\
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 72rem; background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .75rem; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; }
p { max-width: 46rem; margin: .5rem 0; } a { color: var(--s0); }
nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
.charts { display: grid; gap: 1.5rem 2rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr)); }
figure { margin: 0; min-width: 0; } figcaption { font-weight: 600; margin-bottom: .25rem; }
.chart { display: block; width: 100%; max-width: 34rem; height: auto; }
.chart * { stroke-linejoin: round; }
.wide { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--rule); text-align: left; white-space: nowrap; }
.wide .number { text-align: right; }
details { margin: .5rem 0; } summary { cursor: pointer; color: var(--s0); }
pre { overflow-x: auto; padding: .6rem .8rem; border: 1px solid var(--rule); font-size: .85rem; }
"""
