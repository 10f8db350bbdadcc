"""Programs, and callers of a probe, that have no processor: patience is for a program that has had one, and what comes
late for that reason is an error of the machine.
"""
from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from test_busy_verdicts import BEGUN_WITHIN, Play
from test_probe_lost import probes
from toolkit import FAILED, MACHINE, PASSED, Record, Tool, computing, scene, wait_until

CROWD = 8  # for each processor, of which a program gets a ninth then
PATIENCE = 0.3  # seconds
CALLS = 30
WORK = "sh -c 'i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done'"  # a tenth of a second, alone on a processor

pytestmark = pytest.mark.alone

PlayLines = Callable[..., tuple["subprocess.CompletedProcess[str]", Record]]


@pytest.fixture
def crowd() -> Iterator[None]:
    """So many want to compute that a program gets little."""
    with computing(CROWD, apart=True):
        yield


@pytest.fixture
def play(crowd: None, tool: Tool, tmp_path: Path) -> PlayLines:
    """Plays lines in the crowd, which is an engine's excuse, too, now and then."""
    def play_lines(*lines: str, patience: float = PATIENCE) -> tuple[subprocess.CompletedProcess[str], Record]:
        path = tmp_path / "crowd.scn"
        path.write_text(scene("ip 4", f"patience {patience * 1000:.0f}ms", *lines), encoding="utf-8")
        result, records = tool.play("--replays", "9", path)
        return result, records[0]

    return play_lines


def test_a_program_is_waited_for(play: PlayLines) -> None:
    """Longer than patience lasts, by as long as it has waited for a processor."""
    result, record = play(f'client: run "{WORK}"', "client: exit -> 0")
    assert result.returncode == PASSED, result.stderr
    exited = next(event["time_ns"] for event in record["events"] if event.get("what") == "exit")
    assert exited > PATIENCE * 1e9, "there was no crowd"


def test_a_program_that_does_nothing_is_not(play: PlayLines) -> None:
    result, record = play('client: run "sleep 60"', "client: exit -> 0")
    assert result.returncode == FAILED, result.stderr
    assert "sleep has not exited within " in record["failure"]["message"]


def test_what_a_program_does_too_late_then_is_no_failure(play: PlayLines) -> None:
    """By less than it has waited for a processor: an error of the machine."""
    result, record = play(f'client: run "{WORK}"', "client: exit -> 0 within 100ms")
    assert result.returncode == MACHINE, result.stderr
    assert "this machine was too busy: a program was kept from running for " in record["reason"]
    assert ", and then: the exit came " in record["reason"]


def test_what_it_does_much_too_late_is_one(play: PlayLines) -> None:
    """By more than that."""
    result, record = play('client: run "sleep 2"', "client: exit -> 0 within 10ms", patience=5)
    assert result.returncode == FAILED, result.stderr
    assert "the exit came " in record["failure"]["message"]


def test_programs_that_compute_have_patience_too(tool: Tool, tmp_path: Path) -> None:
    """On an idle machine two keep one another waiting, and yet they are not waited for without end."""
    path = tmp_path / "two.scn"
    path.write_text(scene("ip 4", "patience 200ms", *["client: run \"sh -c 'while :; do :; done'\""] * 2,
                          "client: exit -> 0"), encoding="utf-8")
    result, records = tool.play("--replays", "9", path)
    assert result.returncode == FAILED, result.stderr
    assert "sh has not exited within " in records[0]["failure"]["message"]
    assert records[0]["events"][-1]["time_ns"] < 2.5e9  # ten times its patience, at most


def test_a_program_is_no_excuse_for_others(tool: Tool, tmp_path: Path) -> None:
    """It had no processor, but what is wrong is the kernel's: a SYN comes again after 1 s."""
    path = tmp_path / "others.scn"
    path.write_text(scene("ip 4", *["server: run \"sh -c 'while :; do :; done'\""] * 2, "client: connect server:8080",
                          "drop SYN from client", "drop SYN from client again after 500ms", server="kernel"),
                    encoding="utf-8")
    result, records = tool.play("--replays", "9", path)
    assert result.returncode == FAILED, result.stderr
    assert "SYN came " in records[0]["failure"]["message"]


def starve(tool: Tool, tmp_path: Path, *lines: str) -> Play:
    """Plays lines, once; meanwhile the probe runs when nobody else wants to."""
    play = Play(tool, tmp_path, lines, "--replays", "0")
    assert wait_until(lambda: probes(play.process.pid), BEGUN_WITHIN)
    for probe in probes(play.process.pid):
        for thread in Path(f"/proc/{probe}/task").iterdir():
            os.sched_setscheduler(int(thread.name), os.SCHED_IDLE, os.sched_param(0))
    return play


@pytest.mark.usefixtures("busy")
def test_a_caller_that_comes_back_late_is_no_failure(tool: Tool, tmp_path: Path) -> None:
    """The kernel has woken it in time. So many calls, since not every one is late."""
    play = starve(tool, tmp_path, "wait 1s", "client: listen 8080", "client: setsockopt SO_RCVTIMEO 40ms",
                  *["client: accept -> EAGAIN after 40ms +-10ms"] * CALLS)
    record = play.end()
    assert play.status == MACHINE, play.text
    assert "this machine was too busy: the " in record["reason"]


@pytest.mark.usefixtures("busy")
def test_a_caller_that_cannot_run_is_no_failure(tool: Tool, tmp_path: Path) -> None:
    """Patience is at its end before it has begun a call."""
    play = starve(tool, tmp_path, "patience 2ms", "wait 1s", *["client: socket -> ok", "client: close -> ok"] * CALLS)
    record = play.end()
    assert play.status == MACHINE, play.text
    assert "this machine was too busy: the probe of client hangs: " in record["reason"]
