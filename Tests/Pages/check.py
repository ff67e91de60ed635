"""Loads a page in headless Chromium, and checks that it needs no other file and fits the screen.

    check.py PAGE.html [--screenshots DIRECTORY]

Checks a wide and a narrow screen, in light and dark colours: nothing is requested, no text leaves its box or drawing, the
page is not wider than the screen, and the colours are those of the scheme. Prints each fault, and then exits with 1.
"""

import argparse
import html
import json
import pathlib
import re
import subprocess
import sys
import tempfile

HEIGHT = 5000
SCREENS = {"wide": 1200, "narrow": 390}
# Chromium's numbers for the preferred colour scheme.
SCHEMES = {"light": 1, "dark": 0}

# A copy of the page gets this script, which writes its findings to an element.
PROBE = """
<script>
addEventListener("load", () => {
  const faults = [];
  const say = (what, element) => faults.push(what + ": " + (element.textContent || "").trim().slice(0, 60));
  for (const entry of performance.getEntriesByType("resource")) faults.push("requested " + entry.name);
  for (const details of document.querySelectorAll("details")) details.open = true;
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) faults.push("the page is wider than the screen");
  for (const text of document.querySelectorAll("svg.chart text")) {
    const box = text.getBoundingClientRect(), drawing = text.closest("svg").getBoundingClientRect();
    if (box.left < drawing.left - 1 || box.right > drawing.right + 1 || box.top < drawing.top - 1 ||
        box.bottom > drawing.bottom + 1) say("text leaves its drawing", text);
    if (box.height < 7) say("text is too small", text);
  }
  for (const element of document.querySelectorAll("h1, h2, h3, p, li, figcaption, summary, pre, .wide")) {
    const box = element.getBoundingClientRect();
    if (box.right > width + 1) say("text leaves the screen", element);
    const scrolls = getComputedStyle(element).overflowX !== "visible";
    if (!scrolls && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0)
      say("text leaves its box", element);
  }
  const style = getComputedStyle(document.body);
  const result = document.createElement("pre");
  result.id = "probe";
  result.textContent = JSON.stringify({
    faults, width, background: style.backgroundColor, ink: style.color,
    charts: document.querySelectorAll("svg.chart").length,
  });
  document.body.append(result);
});
</script>
"""


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("page", type=pathlib.Path)
    arguments.add_argument("--screenshots", type=pathlib.Path)
    arguments = arguments.parse_args()
    text = arguments.page.read_text()
    faults = static_faults(text)
    with tempfile.TemporaryDirectory() as directory:
        copy = pathlib.Path(directory) / "page.html"
        copy.write_text(text.replace("</body>", PROBE + "</body>"))
        for scheme, number in SCHEMES.items():
            for screen, width in SCREENS.items():
                found = probe(copy, width, number)
                faults += [f"{scheme}, {screen}: {fault}" for fault in found["faults"]]
                if is_dark(found["background"]) != (scheme == "dark") or is_dark(found["ink"]) == (scheme == "dark"):
                    faults.append(f"{scheme}, {screen}: the colours are those of the other scheme")
                if arguments.screenshots:
                    arguments.screenshots.mkdir(parents=True, exist_ok=True)
                    picture = arguments.screenshots / f"{arguments.page.stem}-{scheme}-{screen}.png"
                    frame = framed(copy.with_name("picture.html"), arguments.page.resolve().as_uri(), width, "")
                    chromium(frame, width, number, "--window-size", HEIGHT, f"--screenshot={picture}")
    for fault in faults:
        print(fault)
    print(f"{arguments.page}: {found['charts']} charts, " + (f"{len(faults)} faults" if faults else "no fault"))
    sys.exit(bool(faults))


def static_faults(text):
    """Returns references that a page must not have, even if a browser would not follow them."""
    links = re.findall(r'(?:href|src)\s*=\s*"([^"]*)"', text)
    faults = [f"a link to {link}" for link in links if not link.startswith("#") and link != "data:,"]
    return faults + [f"there is {word}" for word in ("<script", "@import", "url(", "<link rel=\"stylesheet") if word in text]


def probe(page, width, scheme):
    """Returns the findings of the script in the page."""
    script = (
        '<script>addEventListener("load",()=>{const f=document.querySelector("iframe").contentDocument;'
        'const wait=()=>{const p=f.getElementById("probe");if(!p)return setTimeout(wait,20);'
        "document.body.textContent=p.textContent;};wait();});</script>"
    )
    frame = framed(page.with_name("frame.html"), page.name, width, script)
    output = chromium(frame, 1200, scheme, "--window-size", HEIGHT, "--dump-dom", "--allow-file-access-from-files")
    body = re.search(r"<body[^>]*>(.*)</body>", output, re.DOTALL)
    return json.loads(html.unescape(body.group(1)))


def framed(file, page, width, script):
    """Writes a page with another one in a frame, because headless Chromium has no window below 500 pixels."""
    style = f"border:0;width:{width}px;height:{HEIGHT}px"
    file.write_text(f'<body style="margin:0"><iframe src="{page}" style="{style}"></iframe>{script}</body>')
    return file


def chromium(page, width, scheme, size, height, *options):
    command = [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=10000",
        "--disable-background-networking", f"--blink-settings=preferredColorScheme={scheme}",
        f"{size}={width},{height}", *options, page.resolve().as_uri(),
    ]  # fmt: skip
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def is_dark(colour):
    """Returns whether a colour of the form `rgb(1, 2, 3)` is nearer to black than to white."""
    return sum(map(int, re.findall(r"\d+", colour)[:3])) < 3 * 128


if __name__ == "__main__":
    main()
