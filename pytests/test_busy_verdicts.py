"""Verdicts on a machine that is too busy: what comes of the engine having been kept from running is an error of the
machine, and is played again; what does not come of it stays a failure.
"""
from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from test_probe_lost import children, probes
from toolkit import FAILED, MACHINE, PASSED, Record, Tool, scene, wait_until

BEGUN_WITHIN = 20.0  # seconds

# The kernel sends its SYN again after 1 s if nobody answers; the answer is due after 700 ms.
HANDSHAKE = ("client: socket", "client: connect server:8080", "expect SYN from client", "wait 700ms",
             "send SYN-ACK from server", "expect ACK from client", "client: -> ok")
WAIT = 7      # the line with the wait
STOPPED = 1.2  # seconds: from the middle of the wait until the kernel has lost its patience


def pause(pid: int, seconds: float) -> None:
    """Keep a process from running."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: False, seconds)
    os.kill(pid, signal.SIGCONT)


class Play:
    """A scenario that is being played, and what came of it."""

    def __init__(self, tool: Tool, folder: Path, lines: tuple[str, ...], *options: str) -> None:
        path = folder / "busy.scn"
        path.write_text(scene(*lines))
        self.json = folder / "busy.json"
        command = tool.command("run", "--color", "never", "--ip", "4", "--json", self.json, *options, path)
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, encoding="utf-8")
        self.text = ""

    def at_first_call(self, known: set[int]) -> int:
        """The player, once its probe has a socket; `known` are those of former plays."""
        def begun() -> list[int]:
            return [player for player in children(self.process.pid) if player not in known and any(
                Path(f"/proc/{probe}/fd/512").exists() for probe in children(player))]

        assert wait_until(begun, BEGUN_WITHIN)
        player = begun()[0]
        known.add(player)
        wait_until(lambda: False, 0.2)  # the wait has begun
        return player

    def end(self) -> Record:
        """Wait for it. Returns the record."""
        with self.process:
            self.text, _ = self.process.communicate(timeout=60)
        return json.loads(self.json.read_text())

    @property
    def status(self) -> int:
        """The exit status."""
        return self.process.returncode


@pytest.fixture
def play(tool: Tool, tmp_path: Path) -> Callable[..., Play]:
    """Starts a play of lines, with options of `run`."""
    return lambda lines, *options: Play(tool, tmp_path, lines, *options)


def test_a_timer_that_goes_off_meanwhile_is_no_failure(play: Callable[..., Play]) -> None:
    """The engine is stopped until the SYN comes again: an error, which names the line and how long it was."""
    busy = play(HANDSHAKE, "--replays", "0")
    pause(busy.at_first_call(set()), STOPPED)
    record = busy.end()
    assert busy.status == MACHINE, busy.text
    assert record["verdict"] == "error"
    assert record["failure"] is None
    assert record["played_before"] == 0
    assert "this machine was too busy: the engine was kept from running for " in record["reason"]
    assert f" at line {WAIT}, and then: expected ACK from client, saw SYN" in record["reason"]
    assert record["events"][-1]["kept_ns"] > 0.4e9
    assert "busy.scn:9:1: error: this machine was too busy: " in busy.text


def test_it_is_played_again(play: Callable[..., Play]) -> None:
    """… and passes when the machine has time for it. That it was played again is said."""
    busy = play(HANDSHAKE)
    pause(busy.at_first_call(set()), STOPPED)
    record = busy.end()
    assert busy.status == PASSED, busy.text
    assert record["verdict"] == "passed"
    assert record["played_before"] >= 1
    assert ", played again: the machine was too busy" in busy.text
    assert "1 passed, 1 played again in " in busy.text


def test_not_for_ever(play: Callable[..., Play]) -> None:
    """A machine that is always too busy cannot play it."""
    busy = play(HANDSHAKE, "--replays", "1")
    players: set[int] = set()
    for _ in range(2):
        pause(busy.at_first_call(players), STOPPED)
    record = busy.end()
    assert busy.status == MACHINE, busy.text
    assert record["verdict"] == "error"
    assert record["played_before"] == 1


def test_a_failure_is_found_in_the_next_play(play: Callable[..., Play]) -> None:
    """What is wrong without any delay fails."""
    busy = play((*HANDSHAKE[:-1], "client: -> ETIMEDOUT"))
    pause(busy.at_first_call(set()), STOPPED)
    record = busy.end()
    assert busy.status == FAILED, busy.text
    assert record["verdict"] == "failed"
    assert record["failure"]["line"] == 10
    assert record["played_before"] >= 1


def test_no_excuse_while_nothing_is_due(play: Callable[..., Play]) -> None:
    """The engine is stopped in the middle of a wait: that costs nothing, and excuses nothing."""
    busy = play(("client: socket", "client: connect server:8080", "expect SYN from client", "wait 900ms",
                 "send SYN from server"), "--replays", "0")
    pause(busy.at_first_call(set()), 0.3)
    record = busy.end()
    if record["events"][-1]["kept_ns"] < 1e7:  # else it was busy indeed
        assert busy.status == FAILED, busy.text
        assert record["verdict"] == "failed"


def test_release_is_no_excuse(tool: Tool, tmp_path: Path) -> None:
    """A packet that is released goes on at once, and was late for nothing."""
    path = tmp_path / "wrong.scn"
    path.write_text(scene("establish client to server:8080", 'client: write "one" -> 3',
                          "hold PSH-ACK from client as kept", "release kept", "expect ACK from server",
                          'client: write "two" -> 3', 'expect PSH-ACK from client data "six"', server="kernel"))
    result, records = tool.play("--ip", "4", path)
    kept = records[0]["events"][-1]["kept_ns"]
    assert kept < 60e9
    if kept < 1e7:  # else it was busy indeed
        assert (result.returncode, records[0]["verdict"]) == (FAILED, "failed"), result.stderr
        assert records[0]["failure"]["line"] == 10


def test_a_failure_needs_no_excuse(tool: Tool, tmp_path: Path) -> None:
    """A wrong expectation fails at the first play, unless the machine is busy just then."""
    path = tmp_path / "wrong.scn"
    path.write_text(scene("client: connect server:8080", "expect SYN from client win 1"))
    records = [tool.play("--ip", "4", path)[1][0] for _ in range(5)]
    assert {record["verdict"] for record in records} == {"failed"}
    assert 0 in [record["played_before"] for record in records]


def test_a_late_caller_is_an_excuse_too(play: Callable[..., Play]) -> None:
    """The probe is stopped when it is to make a call: what comes of it is no failure either."""
    busy = play(("client: connect server:8080", "expect SYN from client", "send SYN-ACK from server",
                 "expect ACK from client", "client: -> ok", "wait 600ms", 'client: write "x" -> 1 within 200ms',
                 "expect PSH-ACK from client"), "--replays", "0")
    busy.at_first_call(set())
    pause(probes(busy.process.pid)[0], 1.0)
    record = busy.end()
    assert busy.status == MACHINE, busy.text
    assert "this machine was too busy: the probe of client was kept from running for " in record["reason"]
