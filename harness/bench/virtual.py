#!/usr/bin/env python3
"""Measure tcpscen in virtual time: medians with their spread. Passes nothing and fails nothing.

    make bench        (or: harness/bench/virtual.py --tcpscen build/tcpscen --kernel 6.12)

Costs are wall-clock seconds of whole runs, the boot of the guest kernel included unless it says
otherwise. Run it on an idle machine.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
from pathlib import Path

from bench import FIXED, Bench, spread

SCENARIOS = Path(__file__).parent.parent.parent / "scenarios"
LONG = {
    "C1, a peer that vanished": SCENARIOS / "timers/retries2_timeout.scn",
    "C5, keepalive by default": SCENARIOS / "timers/keepalive_defaults.scn",
}


class VirtualBench(Bench):
    """The same tool, with a guest kernel."""

    def __init__(self, tcpscen: str, folder: Path, kernel: str) -> None:
        super().__init__(tcpscen, folder)
        self.where = ("--kernel", kernel)

    def long(self, what: str, path: Path, rounds: int = 15) -> None:
        """A scenario of minutes or hours under all defaults, alone."""
        walls, virtual = [], 0.0
        for _ in range(rounds):
            wall, records = self.run("--ip", "4", "-j", "1", "--json", "-", str(path))
            virtual = max(record["duration_ns"] for record in records) / 1e9
            walls.append(wall)
        self.say(f"{what}, {virtual:.0f} s of kernel time", spread(walls, "s"), "at most 0.12 s")
        self.say("", f"{virtual / statistics.median(walls):.0f} times as fast as the clock")

    def further(self, count: int = 200, rounds: int = 7) -> None:
        """What one more scenario costs in a guest that runs."""
        many = self.copies(count)
        one, further = [], []
        for _ in range(rounds):  # alternating, so that both meet the same machine
            one.append(self.run("--ip", "4", "-j", "1", str(FIXED))[0])
            further.append((self.run("--ip", "4", "-j", "1", many)[0] - one[-1]) / (count - 1))
        self.say("boot of a guest and one variant", spread(one, "ms", 1e3))
        self.say("one further variant in the same guest", spread(further, "ms", 1e3), "at most 8 ms")

    def suite(self, rounds: int = 5) -> None:
        """Every scenario there is."""
        walls, count = [], 0
        for _ in range(rounds):
            wall, records = self.run("-j", "2", "--json", "-", str(SCENARIOS))
            walls.append(wall)
            count = len(records)
        self.say(f"the shipped suite, {count} variants, -j 2", spread(walls, "s"), "at most 6 s")


def is_built(tcpscen: str, kernel: str) -> bool:
    """Can tcpscen play on that guest kernel? It says itself what is missing."""
    played = subprocess.run([tcpscen, "run", "-q", "--kernel", kernel, "--ip", "4", str(FIXED)], stdout=subprocess.DEVNULL)
    return played.returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tcpscen", default="build/tcpscen", help="the binary to measure")
    parser.add_argument("--kernel", default="6.12", help="the guest kernel")
    options = parser.parse_args()
    if not is_built(options.tcpscen, options.kernel):
        print("virtual time is not measured; 'make kernel' builds the guest kernels")
        return
    with tempfile.TemporaryDirectory(prefix="tcpscen-bench-") as folder:
        bench = VirtualBench(options.tcpscen, Path(folder), options.kernel)
        bench.further()
        for what, path in LONG.items():
            bench.long(what, path)
        bench.suite()


if __name__ == "__main__":
    main()
