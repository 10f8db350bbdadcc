#!/usr/bin/env python3
"""Measure tcpscen: medians with their spread. Passes nothing and fails nothing.

    make bench        (or: harness/bench/bench.py --tcpscen build/tcpscen)

Times on the wire are differences of capture timestamps (ns), taken from the JSON record.
Costs are wall-clock seconds of whole runs. Run it on an idle machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import floor

HERE = Path(__file__).parent
FIXED = HERE / "fixed_cost.scn"
SCENARIOS = HERE.parent.parent / "scenarios"

HEAD = """scenario "{title}"
{hosts}establish client to server:8080
"""
CRAFTED = "host client kernel\nhost server crafted\n"
KERNELS = "host client kernel\nhost server kernel\n"


def percentile(values: list[float], share: float) -> float:
    """The value that @share (0…1) of @values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(values: list[float], unit: str, scale: float = 1.0) -> str:
    """"4.71 ms (4.60 … 4.95, n=5)": median, least and greatest."""
    scaled = [value * scale for value in values]
    return (
        f"{statistics.median(scaled):.2f} {unit} "
        f"({min(scaled):.2f} … {max(scaled):.2f}, n={len(scaled)})"
    )


def resident(pid: int) -> float:
    """The largest resident size so far of process @pid or any of its descendants, in MiB."""
    sizes, waiting = [0.0], [pid]
    while waiting:
        process = Path(f"/proc/{waiting.pop()}")
        try:
            status = (process / "status").read_text()
            children = (process / "task" / process.name / "children").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        waiting += [int(child) for child in children.split()]
        for line in status.splitlines():
            if line.startswith("VmHWM:") and "tcpscen" in status.splitlines()[0]:
                sizes.append(int(line.split()[1]) / 1024)
    return max(sizes)


class Bench:
    """Runs one tcpscen binary and prints a line for each measurement."""

    def __init__(self, tcpscen: str, folder: Path) -> None:
        self.tcpscen = tcpscen
        self.folder = folder
        self.where: tuple[str, ...] = ("--time", "real")

    def say(self, what: str, value: str, wanted: str = "") -> None:
        print(f"{what:<52} {value:<44} {wanted}", flush=True)

    def run(self, *arguments: str) -> tuple[float, list[dict]]:
        """Wall-clock seconds of one `tcpscen run`, and its records. Raises if anything fails."""
        with tempfile.TemporaryFile("w+") as output:  # a pipe would end with the last player only
            began = time.monotonic()
            subprocess.run(
                [self.tcpscen, "run", "-q", *self.where, *arguments],
                stdout=output, stderr=subprocess.STDOUT, check=True,
            )
            wall = time.monotonic() - began
            output.seek(0)
            return wall, [json.loads(line) for line in output if line[:1] == "{"]

    def write(self, name: str, lines: list[str], title: str, hosts: str = CRAFTED) -> str:
        path = self.folder / f"{name}.scn"
        path.write_text(HEAD.format(title=title, hosts=hosts) + "\n".join(lines) + "\n")
        return str(path)

    def copies(self, count: int) -> str:
        folder = self.folder / f"copies{count}"
        folder.mkdir()
        for i in range(count):
            (folder / f"copy{i:03}.scn").write_text(FIXED.read_text())
        return str(folder)

    def timed(self, path: str) -> tuple[float, float]:
        """Wall-clock seconds of a run, and the peak resident size of its largest process, in MiB.

        Not ru_maxrss: that remembers the size of this interpreter, from before the exec.
        """
        began = time.monotonic()
        child = subprocess.Popen(
            [self.tcpscen, "run", "-q", "--time", "real", "--ip", "4", path],
            stdout=subprocess.DEVNULL,
        )
        peak = 0.0
        while child.poll() is None:
            peak = max(peak, resident(child.pid))
        if child.returncode:
            raise SystemExit("the bench's own scenario failed")
        return time.monotonic() - began, peak

    # ---- what is measured ----

    def fixed_cost(self, count: int = 200, rounds: int = 7) -> None:
        folder = self.copies(count)
        one, two, floors = [], [], []
        for _ in range(rounds):  # alternating, so that all meet the same machine
            one.append(self.run("--ip", "4", "-j", "1", folder)[0] / count)
            two.append(self.run("--ip", "4", "-j", "2", folder)[0] / count)
            floors.append(floor.namespaces(count, 1) / floor.namespaces(count, 2))
        self.say(f"one of {count} variants, -j 1", spread(one, "ms", 1e3), "at most 6 ms")
        self.say(f"one of {count} variants, -j 2", spread(two, "ms", 1e3))
        ratios = [a / b for a, b in zip(one, two)]
        self.say("-j 2 against -j 1", spread(ratios, "times"), "at least 1.7 times")
        self.say("… the kernel's own, for network namespaces alone", spread(floors, "times"))

    def one_alone(self) -> tuple[float, float]:
        """Seconds until `tcpscen run` of one variant has ended, and until its player has.

        The player, which the kernel closes the packet sockets of, is the last to hold the pipe.
        """
        began = time.monotonic()
        child = subprocess.Popen(
            [self.tcpscen, "run", "-q", "--time", "real", "--ip", "4", str(FIXED)],
            stdout=subprocess.PIPE,
        )
        if child.wait():
            raise SystemExit("the bench's own scenario failed")
        ended = time.monotonic() - began
        child.stdout.read()
        return ended, time.monotonic() - began

    def whole_process(self, rounds: int = 25) -> None:
        walls, ends, sizes, floors = [], [], [], []
        for _ in range(rounds):
            floors.append(floor.packet_ring())
            wall, end = self.one_alone()
            walls.append(wall)
            ends.append(end)
            sizes.append(self.timed(str(FIXED))[1])
        self.say("whole process, one variant", spread(walls, "ms", 1e3), "at most 20 ms")
        self.say("… the kernel's own, for opening a packet capture", spread(floors, "ms", 1e3))
        self.say("… until the kernel has closed its sockets", spread(ends, "ms", 1e3))
        self.say("its peak resident size, one process", spread(sizes, "MB"), "at most 10 MB")

    def answers(self, count: int = 400) -> None:
        """From a kernel's packet on the wire to the crafted answer on the wire."""
        lines = ['client: write "x" -> 1\nexpect PSH-ACK from client\nsend ACK from server'] * count
        path = self.write("answers", lines, "answers")
        gaps: list[float] = []
        for _ in range(5):
            packets = self.packets(self.run("--ip", "4", "--json", "-", path)[1][0])
            for before, after in zip(packets, packets[1:]):
                if before["fate"] == "expected" and after["fate"] == "sent":
                    gaps.append((after["time_ns"] - before["time_ns"]) / 1e3)
        self.say(
            "kernel packet to crafted answer, median", f"{percentile(gaps, 0.5):.1f} us", "at most 100 us"
        )
        self.say(
            f"                                 99 % (n={len(gaps)})",
            f"{percentile(gaps, 0.99):.1f} us",
            "at most 500 us",
        )

    def wire(self, count: int = 300) -> None:
        """What the wire between two kernels adds to a packet's way, one direction."""
        lines = [
            "client: write \"x\" -> 1\nexpect PSH-ACK from client\nexpect ACK from server\n"
            'server: read -> "x"'
        ] * count
        path = self.write("wire", ["server: setsockopt TCP_QUICKACK 1", *lines], "wire", KERNELS)
        added: list[float] = []
        for _ in range(5):
            for packet in self.packets(self.run("--ip", "4", "--json", "-", path)[1][0]):
                if "passed_ns" in packet:
                    added.append((packet["passed_ns"] - packet["time_ns"]) / 1e3)
        self.say("latency of the wire, median", f"{percentile(added, 0.5):.1f} us", "at most 40 us")
        self.say(
            f"                     99 % (n={len(added)})",
            f"{percentile(added, 0.99):.1f} us",
            "at most 250 us",
        )
        woken = [seconds * 1e6 for seconds in floor.wakeups(count, 0.044)]  # as often as a delayed ACK comes
        self.say(
            "… the kernel's own, to wake a process at rest, 99 %",
            f"{percentile(woken, 0.99):.1f} us (median {percentile(woken, 0.5):.1f} us)",
        )

    def injection(self, rounds: int = 60) -> None:
        """From the passing of a trigger to the forged packet that waits for it."""
        lines = [
            "inject RST from server after DATA from client",
            'client: write "x" -> 1',
            "expect PSH-ACK from client",
            "drop ACK from server",
            "client: read -> ECONNRESET",
        ]
        path = self.write("inject", lines, "inject", KERNELS)
        gaps: list[float] = []
        for _ in range(rounds):
            packets = self.packets(self.run("--ip", "4", "--json", "-", path)[1][0])
            trigger = next(packet for packet in packets if packet["packet"]["len"])
            forged = next(packet for packet in packets if packet["fate"] == "sent")
            gaps.append((forged["time_ns"] - trigger["passed_ns"]) / 1e3)
        self.say("trigger to injection", spread(gaps, "us"), "median at most 60 us")

    def bulk(self, size: int = 100_000_000, rounds: int = 5) -> None:
        """A bulk transfer that a rule lets pass, 1,500-byte frames; nothing may be lost."""
        lines = [
            "ignore packets",
            f"server: recv {size} flags MSG_WAITALL",
            f"client: write {size} bytes -> {size}",
            f"server: -> {size}",
            "server: info rcv_ooopack -> 0",
        ]
        path = self.write("bulk", lines, "bulk", KERNELS + "patience 60s\n")
        rates: list[float] = []
        for _ in range(rounds):
            events = self.run("--ip", "4", "--json", "-", path)[1][0]["events"]
            first = next(e["time_ns"] for e in events if e["event"] == "packet" and e["fate"] == "ignored")
            last = next(e["time_ns"] for e in events if e["event"] == "result" and e["call"] == "recv")
            rates.append(size * 8 / (last - first))
        self.say("bulk transfer through the wire", spread(rates, "Gbit/s"), "at least 1 Gbit/s")

    def lateness(self, count: int = 300, pause_ms: int = 3) -> None:
        """How much later than written a timed send leaves."""
        lines = [f"send ACK from server after {pause_ms}ms"] * count
        path = self.write("timed", lines, "timed sends")
        late: list[float] = []
        for _ in range(3):
            packets = self.packets(self.run("--ip", "4", "--json", "-", path)[1][0])[-count:]
            for before, after in zip(packets, packets[1:]):
                late.append((after["time_ns"] - before["time_ns"]) / 1e3 - pause_ms * 1e3)
        self.say("lateness of timed sends, median", f"{percentile(late, 0.5):.1f} us")
        self.say(
            f"                         99 % (n={len(late)})",
            f"{percentile(late, 0.99):.1f} us",
            "at most 300 us",
        )

    def growth(self) -> None:
        """Time and memory of long scenarios: linear if the cost of a packet stays the same."""
        for packets in (1000, 2000, 5000, 10000, 20000):
            lines = ['client: write "x" -> 1\nexpect PSH-ACK from client\nsend ACK from server']
            path = self.write(f"long{packets}", lines * (packets // 2), "long")
            wall, peak = self.timed(path)
            self.say(
                f"{packets} packets",
                f"{wall * 1e3:.0f} ms, {wall / packets * 1e6:.1f} us a packet, "
                f"{peak:.1f} MB",
                "linear",
            )

    def suite(self, places: int = 64) -> None:
        """All that is shipped, in real time: the longest should be what it takes."""
        arguments = ("-j", str(places), "-k", "not slow", "--json", "-", str(SCENARIOS))
        wall, records = self.run(*arguments)
        played = [record for record in records if "duration_ns" in record]
        longest = max(played, key=lambda record: record["duration_ns"])
        seconds = longest["duration_ns"] / 1e9
        self.say(f"the suite, {len(played)} variants, -j {places}", f"{wall:.1f} s")
        self.say(
            f"its longest, {Path(longest['scenario']).name}",
            f"{seconds:.1f} s: {(wall / seconds - 1) * 100:.1f} % more",
            "at most 10 % more",
        )

    @staticmethod
    def packets(record: dict) -> list[dict]:
        """The record's packets in the order of their times: dicts with `fate`, `time_ns`."""
        if record["verdict"] != "passed":
            raise SystemExit("the bench's own scenario failed")
        packets = [event for event in record["events"] if event["event"] == "packet"]
        return sorted(packets, key=lambda packet: packet["time_ns"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tcpscen", default="build/tcpscen", help="the binary to measure")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tcpscen-bench-") as folder:
        bench = Bench(options.tcpscen, Path(folder))
        bench.fixed_cost()
        bench.whole_process()
        bench.answers()
        bench.lateness()
        bench.wire()
        bench.injection()
        bench.bulk()
        bench.growth()
        bench.suite()


if __name__ == "__main__":
    main()
