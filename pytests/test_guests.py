"""Guests that come to grief: each is found out, and costs the variant that played in it and no other.

In a guest a program is root, and nothing protects the guest from it: what spins, panics, or kills the engine is a scenario.
"""
from __future__ import annotations

import os
import random
import re
import signal
import time

import pytest

from guest_runs import Runs, finish
from toolkit import FAILED, MACHINE, PASSED, Record, Result, needs_guests, scene, wait_until

pytestmark = needs_guests

IMPATIENT = ("--guest-patience", "1")
HANGS_AFTER = 6.0   # seconds: six times that
BOUNDED = 30.0      # seconds, on a busy machine, for what takes a few
SHORT = scene("establish client to server:8080", "client: close", "expect FIN-ACK from client", title="short")
MANY = 300             # variants of a run that is disturbed: more than guests play in half a second
SPIN = "python3 -c 'while True: pass'"
WATCH_THE_CLOCK = """python3 -c 'import time
end = time.monotonic() + 1
while time.monotonic() < end: pass'"""


def program(command: str) -> str:
    """A scenario that runs a program, named culprit, on line 4, and waits for its exit on the last line."""
    return scene(f'client: run """{command}""" as culprit', "client: exit on culprit -> 0 within 5s", title="culprit")


def others_pass(result: Result, records: list[Record], name: str = "culprit.scn") -> Record:
    """The variant that is at fault is an error of the machine, all others pass. Returns its record."""
    wrong = [record for record in records if record["verdict"] != "passed"]
    assert [(record["scenario"], record["verdict"]) for record in wrong] == [(name, "error")], result.stderr
    assert result.returncode == MACHINE
    assert len(records) > 1
    return wrong[0]


def play_beside_others(runs: Runs, text: str, *options: str) -> tuple[Result, Record]:
    """A scenario among short ones, all in one guest at a time."""
    runs.write(culprit=text, **{f"short{number}": SHORT for number in range(4)})
    scenarios = ["short0.scn", "short1.scn", "culprit.scn", "short2.scn", "short3.scn"]
    result, records = runs.play("-q", "-j", "1", "--ip", "4", *options, *scenarios)
    assert [record["scenario"] for record in records] == scenarios
    return result, others_pass(result, records)


# ---- what goes wrong inside ----

@pytest.mark.estimate(5)
@pytest.mark.parametrize("command", [SPIN, WATCH_THE_CLOCK], ids=["computes", "watches_the_clock"])
def test_spinning_program(runs: Runs, command: str) -> None:
    """Time stands still in a guest that computes: the watchdog names the program, and the line that was played."""
    began = time.monotonic()
    result, record = play_beside_others(runs, program(command), *IMPATIENT)
    assert time.monotonic() - began < BOUNDED
    assert re.search(r"the guest kernel spins: not a word for \d+ s; what ran: culprit \(line 4\)", record["reason"])
    last = program(command).count("\n")
    assert re.search(rf"^culprit.scn:(4|{last}):\d+: error: the guest kernel spins", result.stderr, re.MULTILINE)
    assert "last words" not in record["reason"], "a boot's ordinary messages are no last words"
    assert record["duration_ns"] < 10**9, "a guest's clock is not ours"


@pytest.mark.estimate(5)
def test_patience(runs: Runs) -> None:
    """A program that computes, but not for ever, is waited for."""
    runs.write(culprit=program("python3 -c 'for number in range(50000000): pass'"))
    result = runs.run("--ip", "4", "--guest-patience", "100", "culprit.scn")
    assert result.returncode == PASSED, result.stdout


def test_panic(runs: Runs) -> None:
    """Reported with the kernel's last words."""
    result, record = play_beside_others(runs, program("sh -c 'echo c >/proc/sysrq-trigger; sleep 1'"))
    assert re.search(r"^the guest kernel panicked; what ran: culprit \(line 4\); its last words: "
                     r".*Kernel panic - not syncing: sysrq triggered crash", record["reason"])
    assert re.search(r"^culprit.scn:[45]:\d+: error: the guest kernel panicked", result.stderr, re.MULTILINE)


def test_power_off(runs: Runs) -> None:
    """A guest that goes by itself."""
    _, record = play_beside_others(runs, program("sh -c 'echo o >/proc/sysrq-trigger; sleep 1'"))
    assert record["reason"].startswith("the guest kernel ended; what ran: culprit (line 4)")


def test_engine_is_killed(runs: Runs) -> None:
    """A crash of the engine is none of the guest: it goes on to the next variant."""
    _, record = play_beside_others(runs, program("sh -c 'echo i >/proc/sysrq-trigger; sleep 1'"))
    assert record["reason"] == "the engine was killed by signal 9 (Killed)"


def test_timeout(runs: Runs) -> None:
    """--timeout, in seconds of our clock, holds in virtual time, too."""
    _, record = play_beside_others(runs, program(SPIN), "--timeout", "2", "--guest-patience", "100")
    assert record["reason"].startswith("the guest kernel was stopped: no end after 2 s; what ran: culprit (line 4)")


# ---- what is done to it from outside ----

def busy_run(runs: Runs, *options: str, jobs: int = 1) -> list[str]:
    """Arguments of a run that goes on for a while."""
    runs.write(**{f"short{number:03}": SHORT for number in range(MANY)})
    return ["-j", str(jobs), "--ip", "4", *options, "."]


def one_error(runs: Runs, words: str) -> None:
    """One variant of all was lost, with these words, and the others have passed."""
    text = runs.text()
    assert re.search(rf"^{MANY - 1} passed, 1 error\b", text, re.MULTILINE), text
    assert re.search(rf"^(\S+: error: |ERROR .*\]  ){words}", text, re.MULTILINE), text


@pytest.mark.estimate(10)
@pytest.mark.parametrize("jobs", [1, 3])
def test_killed_guest(runs: Runs, jobs: int) -> None:
    """kill -9 of a guest that plays, at random moments: one variant is lost."""
    chance = random.Random(jobs)
    for _ in range(3):
        process = runs.start(*busy_run(runs, jobs=jobs))
        runs.wait_for("PASS ", 5)
        time.sleep(chance.uniform(0, 0.3))
        os.kill(runs.kernels()[0], signal.SIGKILL)
        assert finish(process) == MACHINE, runs.text()
        one_error(runs, r"the guest kernel was killed by signal 9 \(Killed\)")
        assert runs.gone()


@pytest.mark.estimate(10)
def test_stopped_guest(runs: Runs) -> None:
    """A guest that is stopped does not even compute: it hangs."""
    process = runs.start(*busy_run(runs, *IMPATIENT))
    runs.wait_for("PASS ", 5)
    kernel, = runs.kernels()
    os.killpg(kernel, signal.SIGSTOP)
    began = time.monotonic()
    assert finish(process) == MACHINE
    assert HANGS_AFTER - 2 < time.monotonic() - began < HANGS_AFTER + BOUNDED
    one_error(runs, r"the guest kernel hangs: not a word for \d+ s")
    assert runs.gone()


def test_resumed_guest(runs: Runs) -> None:
    """One that was stopped for a moment only has lost nothing: no time has passed in it."""
    process = runs.start(*busy_run(runs, "--guest-patience", "60"))
    runs.wait_for("PASS ", 5)
    kernel, = runs.kernels()
    os.kill(kernel, signal.SIGSTOP)
    time.sleep(2)
    os.kill(kernel, signal.SIGCONT)
    assert finish(process) == PASSED, runs.text()


# ---- boots ----

@pytest.mark.parametrize("script, words", [
    ("just text\n", "it ended: cannot execute .*: Exec format error"),
    ("#!/bin/false\n", "it ended"),
    ("#!/bin/sh\necho no memory for this; exit 7\n", "it ended: no memory for this"),
    ("#!/bin/sh\necho 'Kernel panic - not syncing: no init'; kill -ABRT $$\n", "it panicked: Kernel panic - .*no init"),
    ("#!/bin/sh\nkill -KILL $$\n", r"it was killed by signal 9 \(Killed\)"),
    ("#!/bin/sh\nexec sleep 1000\n", r"it hangs: not a word for \d+ s"),
    ("#!/bin/sh\nwhile :; do :; done\n", r"it spins: not a word for \d+ s"),
], ids=["text", "false", "says_why", "panics", "killed", "hangs", "spins"])
def test_kernel_that_does_not_boot(runs: Runs, script: str, words: str) -> None:
    """It is named, with what it said, once and soon."""
    path = runs.kernel("bad", script)
    runs.write(one=SHORT, two=SHORT)
    began = time.monotonic()
    result = runs.run("-j", "2", *IMPATIENT, ".", kernel="bad")
    assert time.monotonic() - began < HANGS_AFTER + BOUNDED
    assert result.returncode == MACHINE
    assert len(re.findall(rf"^tcpscen: the guest kernel {re.escape(str(path))} does not boot: {words}", result.stderr,
                          re.MULTILINE)) == 1, result.stderr
    assert "0 passed, 4 not played" in result.stdout
    assert runs.gone()


def test_killed_while_it_boots(runs: Runs) -> None:
    """Somebody who kills one guest need not keep us from starting another."""
    real = (runs.folder / "cache/tcpscen/kernels/6.12/linux").resolve()
    runs.kernel("shy", f"#!/bin/sh\n[ -e {runs.folder}/tried ] || {{ >{runs.folder}/tried; kill -KILL $$; }}\n"
                       f'exec {real} "$@"\n')
    runs.write(one=SHORT, two=SHORT)
    result = runs.run("-j", "1", ".", kernel="shy")
    assert result.returncode == PASSED, result.stdout + result.stderr
    assert (runs.folder / "tried").exists()


# ---- many guests ----

def test_order(runs: Runs) -> None:
    """Results come in the order of the command line, whichever guest is first."""
    runs.write(longer=program("python3 -c 'import time; time.sleep(1)'"), **{f"short{number}": SHORT for number in range(9)})
    paths = [f"short{number}.scn" for number in (3, 1, 8)] + ["longer.scn"] + [
        f"short{number}.scn" for number in (0, 2, 4, 7, 5, 6)]
    for jobs in ("1", "3", "20"):
        result, records = runs.play("-j", jobs, *paths)
        assert result.returncode == PASSED, result.stderr
        wanted = [(path, ip) for path in paths for ip in "46"]
        assert [(record["scenario"], record["ip"]) for record in records] == wanted
        assert re.findall(r"^PASS  (\S+) \[(.)\]", result.stderr, re.MULTILINE) == wanted


def test_as_many_guests_as_jobs(runs: Runs) -> None:
    """-j N guests, and not more than there is work for."""
    runs.write(**{f"culprit{number}": program(SPIN) for number in range(3)})
    process = runs.start("-j", "2", "--ip", "4", "--guest-patience", "100", ".")
    assert wait_until(lambda: len(runs.kernels()) == 2, BOUNDED)
    assert not wait_until(lambda: len(runs.kernels()) > 2, 1.0)
    process.kill()
    process.wait()


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_stop_at_the_first_failure(runs: Runs, jobs: str) -> None:
    """-x: what has not begun by then is not played."""
    runs.write(a_first=SHORT.replace("expect FIN-ACK", "expect RST"),
               **{f"short{number:02}": SHORT for number in range(30)})
    result = runs.run("-x", "-j", jobs, "--ip", "4", ".")
    assert result.returncode == FAILED
    assert re.search(r"\b1 failed, \d+ not played", result.stdout), result.stdout
    assert runs.gone()
