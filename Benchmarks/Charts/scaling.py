"""How the throughput of nodes that fill one array in a bucket grows with their number: a simulation, and its chart.

Nodes send parts of shards as `ZarrRemote` does: so many requests at a time, fewer when the bucket refuses some, and
each of these again after a pause. The bucket takes so many requests a second for each of its partitions. Segments
have random names, and each shard goes to the partition that its name says.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from charts import DARK, LIGHT, LIMIT, STYLES, LineChart, Series, save
from results import replace_marked
from text import Table

# What a node sends in a second, and what a bucket of S3 takes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/
# optimizing-performance.html
NODE_BYTES = 5e9
PARTITION_WRITES = 3500
REQUEST_SECONDS = 0.03
# `S3Store` and `S3Options`.
PART_BYTES = 8 << 20
CALLERS = 64
# `RetryPolicy`.
ATTEMPTS = 10
PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 20.0
# `RetryQuota`.
QUOTA = 1000
# A shard of 256 MiB.
PARTS = 32

STEP_SECONDS = 0.01
WARM_SECONDS = 30.0
MEASURED_SECONDS = 10.0

NODES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
PARTITIONS = [1, 16, 256]

BEGIN = "<!-- scaling: made by `make scaling` -->"
END = "<!-- end of scaling -->"

Floats = npt.NDArray[np.float64]

WAITING, SENDING, ANSWERED, PAUSING = range(4)


@dataclass(frozen=True)
class Outcome:
    """What came of a simulation."""

    bytes_per_second: float
    # The part of all requests that the bucket has refused.
    refused: float
    # Requests that were given up after all attempts.
    given_up: int


class Simulation:
    """Nodes and a bucket. The time goes on in steps."""

    def __init__(self, nodes: int, partitions: int, seed: int = 1) -> None:
        self.random = np.random.default_rng(seed)
        shape = (nodes, CALLERS)
        self.partitions = partitions
        self.now = 0.0
        # Requests, one for each caller. Connections are not all as fast.
        self.state = np.full(shape, WAITING)
        self.speed = self._some_speed(shape)
        self.left_bytes = np.zeros(shape)
        self.until = np.zeros(shape)
        self.is_refused = np.zeros(shape, bool)
        self.attempts = np.zeros(shape, int)
        self.partition = self.random.integers(partitions, size=shape)
        self.left_parts = self.random.integers(1, PARTS + 1, size=shape)
        # `RequestGate` of each node.
        self.limit = np.full(nodes, float(CALLERS))
        self.last_throttling = np.full(nodes, -np.inf)
        self.quota = np.full(nodes, QUOTA)
        # What each partition takes at once, and no more than a second's.
        self.room = np.full(partitions, float(PARTITION_WRITES))
        self.accepted = self.refused = self.given_up = 0

    def _some_speed(self, shape: int | tuple[int, int]) -> Floats:
        return self.random.uniform(0.5, 1.5, shape)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP_SECONDS)):
            self.now += STEP_SECONDS
            self._answer()
            self._enter()
            self._send()

    def _answer(self) -> None:
        is_due = self.until <= self.now
        done = (self.state == ANSWERED) & is_due
        stored, refused = done & ~self.is_refused, done & self.is_refused
        self.state[(self.state == PAUSING) & is_due] = WAITING
        self.state[stored] = WAITING
        self.attempts[stored] = 0
        self.left_parts[stored] -= 1
        is_whole = self.left_parts == 0
        self.left_parts[is_whole] = PARTS
        self.partition[is_whole] = self.random.integers(self.partitions, size=is_whole.sum())
        self.limit = np.minimum(CALLERS, self.limit + stored.sum(1) / self.limit)
        self.quota = np.minimum(QUOTA, self.quota + stored.sum(1))
        if not refused.any():
            return
        throttled = refused.any(1) & (self.now - self.last_throttling >= 1)
        self.last_throttling[throttled] = self.now
        self.limit[throttled] = np.maximum(1, self.limit[throttled] / 2)
        pauses = np.minimum(LONGEST_PAUSE_SECONDS, PAUSE_SECONDS * 2.0 ** self.attempts[refused])
        self.until[refused] = self.now + pauses * self.random.random(pauses.size)
        self.attempts[refused] += 1
        self.state[refused] = PAUSING
        hopeless = refused & ((self.attempts == ATTEMPTS) | (refused.cumsum(1) > self.quota[:, None]))
        self.quota -= (refused & ~hopeless).sum(1)
        self.given_up += int(hopeless.sum())
        self.attempts[hopeless] = 0

    def _enter(self) -> None:
        room = self.limit.astype(int) - ((self.state == SENDING) | (self.state == ANSWERED)).sum(1)
        waiting = self.state == WAITING
        entering = waiting & (waiting.cumsum(1) <= room[:, None])
        self.state[entering] = SENDING
        # What a request has sent too much in its last step counts for the next one.
        self.left_bytes[entering] += PART_BYTES
        self.speed[entering] = self._some_speed(entering.sum())

    def _send(self) -> None:
        sending = self.state == SENDING
        speed = np.where(sending, self.speed, 0)
        self.left_bytes -= speed * (NODE_BYTES * STEP_SECONDS / np.maximum(1e-9, speed.sum(1)))[:, None]
        arriving = np.argwhere(sending & (self.left_bytes <= 0))
        self.room = np.minimum(PARTITION_WRITES, self.room + PARTITION_WRITES * STEP_SECONDS)
        if not arriving.size:
            return
        self.random.shuffle(arriving)
        nodes, callers = arriving.T
        partition = self.partition[nodes, callers]
        # The rank of each among those of its partition.
        order = np.argsort(partition, kind="stable")
        first = np.searchsorted(partition[order], partition[order])
        rank = np.empty(order.size, int)
        rank[order] = np.arange(order.size) - first
        is_taken = rank < np.floor(self.room[partition])
        self.room -= np.bincount(partition[is_taken], minlength=self.partitions)
        self.state[nodes, callers] = ANSWERED
        self.is_refused[nodes, callers] = ~is_taken
        self.until[nodes, callers] = self.now + REQUEST_SECONDS * self._some_speed(len(nodes))
        self.accepted += int(is_taken.sum())
        self.refused += int((~is_taken).sum())


def simulate(
    nodes: int, partitions: int, warm: float = WARM_SECONDS, measured: float = MEASURED_SECONDS, seed: int = 1
) -> Outcome:
    """Returns what nodes store once they have found out how much the bucket takes."""
    simulation = Simulation(nodes, partitions, seed)
    simulation.run(warm)
    simulation.accepted = simulation.refused = 0
    simulation.run(measured)
    requests = simulation.accepted + simulation.refused
    return Outcome(
        simulation.accepted * PART_BYTES / measured, simulation.refused / max(1, requests), simulation.given_up
    )


def chart(outcomes: dict[tuple[int, int], Outcome]) -> LineChart:
    series = [Series("all that nodes send", LIMIT, [(nodes, nodes * NODE_BYTES / 1e9) for nodes in NODES])]
    for partitions, style in zip(PARTITIONS, STYLES, strict=False):
        points = [(nodes, outcomes[nodes, partitions].bytes_per_second / 1e9) for nodes in NODES]
        series.append(Series(_named(partitions), style, points))
    return LineChart("nodes", "GB/s that a bucket stores", series)


def table(outcomes: dict[tuple[int, int], Outcome]) -> str:
    rows = Table(["nodes", *map(_named, PARTITIONS), "43 TB, with 256"])
    for nodes in NODES:
        cells = []
        for partitions in PARTITIONS:
            outcome = outcomes[nodes, partitions]
            refused = f", {outcome.refused:.0%} refused" if outcome.refused >= 0.005 else ""
            cells.append(f"{outcome.bytes_per_second / 1e9:,.0f} GB/s{refused}")
        rows.rows.append([f"{nodes:,}", *cells, _time(43e12 / outcomes[nodes, 256].bytes_per_second)])
    return rows.markdown()


def _named(partitions: int) -> str:
    return "1 partition" if partitions == 1 else f"{partitions} partitions"


def _time(seconds: float) -> str:
    for name, unit in (("h", 3600), ("min", 60)):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.1f} {name}"
    return f"{seconds:.0f} s"


def publish(page: Path) -> None:
    """Draws the chart beside a page of DocC, and writes the table between the marks of the page."""
    outcomes = {(nodes, count): simulate(nodes, count) for count in PARTITIONS for nodes in NODES}
    for (nodes, count), outcome in outcomes.items():
        if outcome.given_up:
            print(f"{nodes} nodes, {count} partitions: {outcome.given_up} requests were given up")
    resources = page.parent / "Resources"
    resources.mkdir(exist_ok=True)
    drawing = chart(outcomes)
    title = "Throughput by number of nodes"
    save(drawing.draw(LIGHT, title), resources / "scaling.png")
    save(drawing.draw(DARK, title), resources / "scaling~dark.png")
    picture = "![Throughput by number of nodes: linear up to what the partitions of the bucket take](scaling)"
    replace_marked(page, f"{picture}\n\n{table(outcomes)}", BEGIN, END)
