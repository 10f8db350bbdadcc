"""Nothing is left of guests, however tcpscen ends: no process, no file, neither on disk nor in memory."""
from __future__ import annotations

import os
import random
import re
import signal
import time
from pathlib import Path

import pytest

from guest_runs import BUILT, GONE_WITHIN, Runs, finish
from toolkit import FAILED, PASSED, needs_guests, scene, wait_until

pytestmark = needs_guests

ROUNDS = 40
SHORT = scene("establish client to server:8080", "client: close", "expect FIN-ACK from client", title="short")
SPIN = scene("client: run \"python3 -c 'while True: pass'\"", "wait 1s", title="spins")
NEVER = ("--guest-patience", "1000")
COMPUTES_WITHIN = 120.0  # s: beside many other tests, a guest's share of a processor is small
OLDER = "6.1"  # its kernel does not see to its processes when it is killed


def files(runs: Runs) -> set[str]:
    """Where a guest kernel may leave something: at home, where it runs, and in the folders for temporary files."""
    ours = {str(path) for folder in (runs.folder / "home", runs.work, runs.folder / "cache")
            for path in folder.rglob("*")}
    shared = {str(path) for folder in ("/dev/shm", "/tmp", "/var/tmp", "/run")
              for path in Path(folder).glob("*") if re.match(r"vm_file|uml|linux|\.uml|tcpscen-guest", path.name)}
    return ours | shared


def nothing_is_left(runs: Runs, before: set[str]) -> None:
    """No process that knows of our tcpscen, and no file."""
    assert runs.gone(), [
        Path(f"/proc/{pid}/cmdline").read_bytes() for pid in runs.processes()]
    left = files(runs) - before
    assert not {name for name in left if str(runs.folder) in name}, left
    # of the folders that others use, too: theirs do not stay
    assert wait_until(lambda: not files(runs) - before, GONE_WITHIN), files(runs) - before


def many(runs: Runs) -> list[str]:
    """Arguments of a run that keeps three guests busy for a while; one with programs among the scenarios."""
    runs.write(**{f"short{number:02}": SHORT for number in range(80)},
               program=scene('client: run "cat" as cat', "client: stdin end on cat", "client: exit on cat -> 0"))
    return ["-q", "-j", "3", "."]


@pytest.mark.estimate(20)
def test_kill_at_random_moments(runs: Runs) -> None:
    """kill -9 of tcpscen, from before the first guest boots to when it plays."""
    chance = random.Random(4)
    arguments = many(runs)
    before = files(runs)
    seen = 0
    for _ in range(ROUNDS):
        process = runs.start(*arguments)
        time.sleep(chance.choice((chance.uniform(0, 0.03), chance.uniform(0, 0.6))))
        seen += len(runs.kernels()) > 0
        process.kill()
        process.wait()
        nothing_is_left(runs, before)
    assert seen > ROUNDS // 4, "there were hardly any guests to kill"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_signal(runs: Runs, number: signal.Signals) -> None:
    """It ends at once, not with success, and the guests with it, even if they compute."""
    runs.write(spin=SPIN, another=SPIN)
    before = files(runs)
    process = runs.start("-j", "4", *NEVER, ".")
    assert wait_until(lambda: len(runs.kernels()) == 4, GONE_WITHIN * 4)
    time.sleep(0.5)
    process.send_signal(number)
    assert finish(process, GONE_WITHIN) not in (PASSED, FAILED)
    nothing_is_left(runs, before)


@pytest.mark.parametrize("kernel", ["6.12", OLDER])
def test_kill_while_a_program_computes(runs: Runs, kernel: str) -> None:
    """Its process is none that would end by itself."""
    if not (BUILT / kernel).exists():
        pytest.skip(f"no guest kernel {kernel}: make kernel KERNEL={kernel}")
    runs.write(spin=SPIN)
    before = files(runs)
    process = runs.start("--ip", "4", *NEVER, "spin.scn", kernel=kernel)
    assert wait_until(lambda: busy(runs), COMPUTES_WITHIN), "it does not compute"
    process.kill()
    process.wait()
    nothing_is_left(runs, before)


def busy(runs: Runs) -> bool:
    """Has some process of a guest computed for more than a second, its kernel apart?"""
    def ticks(pid: int) -> int:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0
        return int(fields[11]) + int(fields[12])

    kernels = set(runs.kernels())
    return any(ticks(pid) > os.sysconf("SC_CLK_TCK") for pid in runs.processes() if pid not in kernels)


def test_processes_that_survive_their_kernel(runs: Runs) -> None:
    """The warden ends what belongs to a guest and is nobody's child any more."""
    runs.kernel("careless", f"#!/bin/sh\nsh -c 'while sleep 1; do :; done' {runs.binary} &\nwhile sleep 1; do :; done\n")
    runs.write(short=SHORT)
    before = files(runs)
    process = runs.start("--ip", "4", *NEVER, "short.scn", kernel="careless")
    assert wait_until(lambda: len(runs.processes()) >= 4, GONE_WITHIN), "tcpscen, warden, kernel and its child"
    process.kill()
    process.wait()
    nothing_is_left(runs, before)


def test_nothing_is_left_after_a_run(runs: Runs) -> None:
    """Neither after an ordinary end, nor when guests had to be killed."""
    runs.write(short=SHORT, spin=SPIN, panic=scene("client: run \"sh -c 'echo c >/proc/sysrq-trigger'\"", "wait 1s"))
    before = files(runs)
    runs.run("--guest-patience", "1", "-j", "3", ".")
    nothing_is_left(runs, before)


def test_memory_has_no_name(runs: Runs) -> None:
    """A guest's memory is a file that never had a name: what was killed at its worst moment has left none."""
    runs.write(spin=SPIN)
    process = runs.start("--ip", "4", *NEVER, "spin.scn")
    assert wait_until(lambda: len(runs.kernels()) == 1, GONE_WITHIN * 4)
    kernel, = runs.kernels()
    assert wait_until(lambda: any("(deleted)" in target for target in open_files(kernel)), GONE_WITHIN)
    names = [target for target in open_files(kernel) if "(deleted)" in target]
    assert all(re.fullmatch(r"/\S+/#\d+ \(deleted\)", name) for name in names), "a name with # is that of O_TMPFILE"
    process.kill()
    process.wait()


def open_files(pid: int) -> list[str]:
    """What its descriptors are."""
    found = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.append(os.readlink(link))
        except OSError:
            continue
    return found
