"""Tests of Benchmarks/Charts, run by `make pages`."""

import json
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Benchmarks/Charts"))

import numpy  # noqa: E402
from matplotlib.colors import to_hex  # noqa: E402
from matplotlib.image import imread  # noqa: E402

import charts  # noqa: E402
import results  # noqa: E402
import scaling  # noqa: E402
import tuning  # noqa: E402
from comparison import Comparison  # noqa: E402
from page import code, page, paragraph  # noqa: E402
from text import Table, duration, factor, rate, scaled, size  # noqa: E402

MACHINE = {"processor": "P", "cores": 2, "memory_bytes": 1 << 30, "operating_system": "S", "kernel": "K"}


def row(work, figures, **setting):
    """A row of `compare` with the seconds of libraries and layouts. zarr-vlen with its own layout takes 1."""
    seconds = {("floor", "own"): 1, ("zarr-vlen", "own"): 1, **figures}
    results = [
        {
            "name": name, "layout": layout, "seconds": [s], "median_seconds": s, "bytes_per_second": 1e6 / s,
            "blobs_per_second": 1e3 / s, "stored_bytes": 500_000, "of_zarr_vlen": 1 / s,
            "of_floor": seconds["floor", "own"] / s,
        }
        for (name, layout), s in seconds.items()
    ]  # fmt: skip
    setting = {"blobs": "126B", "chunk_bytes": 1 << 20, "codec": "zstd:1", "workers": 2, **setting}
    return {"setting": setting, "work": work, "payload_bytes": 1_000_000, "results": results}


def comparison(*runs, command="zvlen-bench compare"):
    """The reports of runs, read from files as `compare` writes them."""
    with tempfile.TemporaryDirectory() as directory:
        paths = []
        for number, rows in enumerate(runs):
            library = {"name": "Lance", "version": "lance 1", "note": ""}
            report = {
                "command": command, "machine": MACHINE, "versions": {"swift": "6", "zstd": "1", "lz4": "1"},
                "libraries": [library], "repeats": 5 + number, "storage": "in memory", "rows": rows,
            }  # fmt: skip
            paths.append(pathlib.Path(directory) / f"compare-{number}.json")
            paths[-1].write_text(json.dumps(report))
        return Comparison(paths)


class TextTests(unittest.TestCase):
    def test_numbers_are_short(self):
        self.assertEqual([rate(value) for value in (0.512, 51.25, 5119.5, None)], ["0.51", "51.2", "5,120", "–"])
        self.assertEqual([scaled(value) for value in (512, 5120, 5.12e7)], ["512", "5.12 k", "51.2 M"])
        self.assertEqual([factor(value) for value in (0.87, 2.34, 12.3)], ["0.87x", "2.3x", "12x"])
        times = [duration(value) for value in (8.12e-7, 3.4e-6, 1.25e-3, 2.301)]
        self.assertEqual(times, ["812 ns", "3.4 µs", "1.2 ms", "2.301 s"])
        self.assertEqual([size(value) for value in (65_536, 1 << 20, 1000)], ["64KiB", "1MiB", "1000"])

    def test_cells_are_no_markup(self):
        table = Table(["a|b", "<n>"], [["x & y", "1"]])
        self.assertEqual(table.markdown(), "| a\\|b | <n> |\n|---|---:|\n| x & y | 1 |")
        self.assertIn('<th class="number">&lt;n&gt;</th>', table.html())
        self.assertIn("x &amp; y", table.html())


class ResultsTests(unittest.TestCase):
    def test_a_row_of_a_later_run_takes_the_place_of_the_same_row(self):
        old = [row("write", {}), row("read", {("Lance", "own"): 2})]
        whole = comparison(old, [row("write", {("Lance", "own"): 4})])
        self.assertEqual([r.work for r in whole.rows], ["read", "write"])
        self.assertEqual(whole.rows[1].best("Lance")["median_seconds"], 4)
        self.assertEqual((whole.repeats, len(whole.libraries)), (5, 1))

    def test_who_is_ahead_is_named_and_ties_are_not(self):
        random = {("zarr-vlen", "own"): 1, ("floor", "own"): 0.9, ("Lance", "own"): 0.5, ("zarrs", "own"): 0.97}
        text = results.shortfalls(comparison([row("random", random), row("write", {("Lance", "own"): 3})]))
        setting = "126 B JSON records, chunks of 1MiB, zstd:1, 2 workers"
        self.assertEqual(
            text,
            [
                "Another library is ahead by more than 5 % in 1 of 3 comparisons:",
                f"- read one at random: Lance, by 2.0x ({setting})",
                "More than 5 % below the floor:",
                f"- read one at random: 1 of 1, down to 0.90 of it ({setting})",
            ],
        )
        none = results.shortfalls(comparison([row("write", {("Lance", "own"): 3})]))
        self.assertEqual(none, ["No other library is ahead by more than 5 % in any of 1 comparisons."])

    def test_the_lead_goes_from_the_least_to_the_most(self):
        rows = [row("read", {("zarrs", "own"): 2, ("zarrs", "objects"): 2.5}), row("write", {})]
        lines = results.leads(comparison(rows), "zarrs").split("\n")
        self.assertEqual(lines[0], "| times as fast as zarrs, chunks of | 1MiB |")
        # Nothing else was measured.
        self.assertEqual(lines[2:], ["| read all | 2.0x – 2.5x |"])
        self.assertEqual(results.leads(comparison([row("write", {})]), "zarrs"), "")

    def test_only_what_is_between_the_marks_is_replaced(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "README.md"
            path.write_text(f"before\n{results.BEGIN}\nold\n{results.END}\nafter\n")
            results.replace_marked(path, "new")
            self.assertEqual(path.read_text(), f"before\n{results.BEGIN}\n\nnew\n\n{results.END}\nafter\n")
            for text in ("no marks", results.END + results.BEGIN, path.read_text() * 2):
                path.write_text(text)
                self.assertRaises(SystemExit, results.replace_marked, path, "new")

    def test_settings_of_any_names_have_a_page(self):
        rows = [row("read", {}, blobs="data", codec=codec, workers=1) for codec in ("zstd:7", "none")]
        titles = [section.title for section in comparison(rows).sections()]
        self.assertIn("Ratio against speed", titles)
        self.assertNotIn("Throughput by size of the chunks", titles)

    def test_the_committed_tables_and_drawings_are_those_of_the_committed_results(self):
        with tempfile.TemporaryDirectory() as directory:
            copy = pathlib.Path(directory) / "Results"
            shutil.copytree(ROOT / "Benchmarks/Results", copy)
            readme = shutil.copy(ROOT / "README.md", directory)
            results.publish(copy, pathlib.Path(readme))
            committed = ROOT / "Benchmarks/Results"
            self.assertEqual((copy / "README.md").read_text(), (committed / "README.md").read_text())
            text = pathlib.Path(readme).read_text().replace(copy.as_posix(), "Benchmarks/Results")
            self.assertEqual(text, (ROOT / "README.md").read_text())
            self.assertEqual({path.name for path in copy.iterdir()}, {path.name for path in committed.iterdir()})


class PageTests(unittest.TestCase):
    def test_a_page_asks_for_nothing_and_its_names_are_unique(self):
        rows = [row(work, {("Lance", "own"): 2}, chunk_bytes=1 << s) for s in (13, 20) for work in ("write", "read")]
        text = page("A & B", ["<lead>"], comparison(rows, command="a < b").sections())
        for word in ("<script", "src=", "url(", "@import", "http:", "https:", "<lead>"):
            self.assertNotIn(word, text)
        names = re.findall(r'id="([^"]*)"', text)
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual(set(re.findall(r'href="#([^"]*)"', text)), set(names))
        self.assertIn("A &amp; B", text)
        self.assertIn("<pre>a &lt; b</pre>", text)
        self.assertEqual(paragraph("<") + code("&"), "<p>&lt;</p><pre>&amp;</pre>")

    def test_the_colours_of_a_page_are_its_variables(self):
        series = [charts.Series(f"<{i}>", style, [(1, 1), (2, 3)]) for i, style in enumerate(charts.STYLES)]
        text = charts.inline(charts.LineChart("x", "y", series).draw(), "title")
        self.assertFalse(re.findall(r"#[0-9a-f]{6}\b", text))
        self.assertIn("&lt;7&gt;", text)

    def test_a_picture_has_the_colours_of_its_scheme(self):
        chart = charts.LineChart("x", "y", [charts.Series("s", charts.Style(0, strong=True), [(1, 1), (2, 3)])])
        for colours in (charts.LIGHT, charts.DARK):
            with tempfile.NamedTemporaryFile(suffix=".png") as file:
                charts.save(chart.draw(colours, "title"), pathlib.Path(file.name))
                pixels = set(map(to_hex, numpy.unique(imread(file.name).reshape(-1, 4), axis=0)))
            self.assertLessEqual({colours[name] for name in ("page", "ink", "rule", "s0")}, pixels)

    def test_advice_has_words_flags_swift_and_charts(self):
        advice = {"title": "the fastest write", "words": "w", "noise_words": "n", "import_flags": "-x", "swift": "let"}
        setting = {
            "chunk_bytes": 65_536, "codec": "zstd:1", "workers": 2, "passes": 3, "write_bytes_per_second": 1e8,
            "read_bytes_per_second": 2e8, "random_read_seconds": 0.002, "payload_bytes": 100, "stored_bytes": 50,
        }  # fmt: skip
        sections = tuning.sections({"advice": [advice], "settings": [setting, {**setting, "shard_bytes": 1 << 26}]})
        text = page("Settings", [], sections)
        for words in ("For the fastest write", "zvlen import SOURCE -o DEST -x", "Inner chunks in shards", "64MiB"):
            self.assertIn(words, text)
        self.assertEqual(text.count("<figure>"), 8)


class ScalingTests(unittest.TestCase):
    def test_nodes_send_all_that_they_can_below_the_limit_of_the_bucket(self):
        for nodes in (1, 3):
            outcome = scaling.simulate(nodes, 1, warm=2, measured=3)
            self.assertAlmostEqual(outcome.bytes_per_second / (nodes * 5e9), 1, delta=0.03)
            self.assertEqual((outcome.refused, outcome.given_up), (0, 0))

    def test_a_bucket_stores_what_its_partitions_take_and_refuses_the_rest(self):
        for partitions in (1, 2):
            outcome = scaling.simulate(20, partitions, warm=10, measured=5)
            self.assertAlmostEqual(outcome.bytes_per_second / (partitions * 3500 * (8 << 20)), 1, delta=0.03)
            self.assertGreater(outcome.refused, 0.05)

    def test_a_seed_makes_the_same_again(self):
        one, same, other = (scaling.simulate(12, 1, warm=2, measured=2, seed=seed) for seed in (1, 1, 2))
        self.assertEqual(one, same)
        self.assertNotEqual(one, other)


if __name__ == "__main__":
    unittest.main()
