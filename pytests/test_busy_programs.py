"""Programs on a machine that is too busy for them: a line's patience is for a program that has had a processor."""
from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from toolkit import FAILED, MACHINE, PASSED, Record, Tool, running, scene

CROWD = 8  # for each processor, of which a program gets a ninth then
PATIENCE = 0.3  # seconds
WORK = "sh -c 'i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done'"  # a tenth of a second, alone on a processor

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("crowd")]

Play = Callable[..., tuple["subprocess.CompletedProcess[str]", Record]]


@pytest.fixture
def crowd() -> Iterator[None]:
    """Each in a session of its own, since the kernel may share a processor out by sessions (sched(7), autogroup)."""
    with ExitStack() as stack:
        for _ in range(CROWD * (os.cpu_count() or 1)):
            stack.enter_context(running(subprocess.Popen(["sh", "-c", "while :; do :; done"],
                                                         start_new_session=True)))
        yield


@pytest.fixture
def play(tool: Tool, tmp_path: Path) -> Play:
    """Plays lines, once."""
    def play_once(*lines: str, patience: float = PATIENCE) -> tuple[subprocess.CompletedProcess[str], Record]:
        path = tmp_path / "crowd.scn"
        path.write_text(scene("ip 4", f"patience {patience * 1000:.0f}ms", *lines), encoding="utf-8")
        result, records = tool.play("--replays", "0", path)
        return result, records[0]

    return play_once


def test_it_is_waited_for(play: Play) -> None:
    """Longer than patience lasts, by as long as it has waited for a processor."""
    result, record = play(f'client: run "{WORK}"', "client: exit -> 0")
    assert result.returncode == PASSED, result.stderr
    exited = next(event["time_ns"] for event in record["events"] if event.get("what") == "exit")
    assert exited > PATIENCE * 1e9, "there was no crowd"


def test_one_that_does_nothing_is_not(play: Play) -> None:
    result, record = play('client: run "sleep 60"', "client: exit -> 0")
    assert result.returncode == FAILED, result.stderr
    assert "sleep has not exited within " in record["failure"]["message"]


def test_what_comes_too_late_then_is_no_failure(play: Play) -> None:
    """By less than it has waited for a processor: an error of the machine."""
    result, record = play(f'client: run "{WORK}"', "client: exit -> 0 within 100ms")
    assert result.returncode == MACHINE, result.stderr
    assert "this machine was too busy: programs were kept from running for " in record["reason"]
    assert ", and then: the exit came " in record["reason"]


def test_what_comes_much_too_late_is_one(play: Play) -> None:
    """By more than that."""
    result, record = play('client: run "sleep 2"', "client: exit -> 0 within 10ms", patience=5)
    assert result.returncode == FAILED, result.stderr
    assert "the exit came " in record["failure"]["message"]
