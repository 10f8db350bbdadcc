"""Timelines: recorded with --record, met again with --timeline."""
from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from toolkit import FAILED, PASSED, USAGE, Result, Tool, needs_guests, scene

pytestmark = needs_guests

# A retransmission timeout below 63 ms, where the timer wheel is not coarser than a jiffy.
BACK_OFF = ("sysctl client net.ipv4.tcp_rto_min_us = {rto}", "establish client to server:8080",
            'client: write "x" -> 1', "expect PSH-ACK from client",
            "expect PSH-ACK from client again after {rto}us +-5ms", "send RST from server")
LINE = 8  # of the retransmission


def write(path: Path, *scenery: str, rto: int = 50000) -> Path:
    """A scenario with one retransmission."""
    path.write_text(scene(*scenery, *(line.format(rto=rto) for line in BACK_OFF)))
    return path


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    return write(tmp_path / "back_off.scn")


@pytest.fixture
def virtually(tool: Tool) -> Callable[..., Result]:
    """`run --time virtual` with these arguments."""
    return lambda *args: tool.run("run", "--time", "virtual", "-q", "--color", "never", *args)


@pytest.fixture
def timeline(virtually, scenario: Path) -> Path:
    """That of the scenario, recorded."""
    path = scenario.with_suffix(".timeline")
    result = virtually("--record", path, scenario)
    assert result.returncode == PASSED, result.stdout + result.stderr
    return path


def lines_of(timeline: Path, variant: str) -> list[list[str]]:
    """The fields of each packet."""
    rows = [line.split("\t") for line in timeline.read_text().splitlines() if not line.startswith("#")]
    return [row for row in rows if row[0].endswith(variant)]


def test_is_met_again(virtually, timeline: Path, scenario: Path) -> None:
    """Alone and in a suite, and written again it is the same."""
    rows = lines_of(timeline, "[4]")
    assert [row[2:] for row in rows[:3]] == [["client", "SYN", "0", "0"], ["server", "SYN-ACK", "0", "0"],
                                              ["client", "ACK", "1", "0"]]
    for number, beside in enumerate(((), ("-j1", "scenarios/close"), ("-j2", "scenarios/close"))):
        again = timeline.with_suffix(f".{number}")
        result = virtually("--timeline", timeline, "--record", again, scenario, *beside)
        assert result.returncode == PASSED, result.stdout
        assert lines_of(again, "back_off.scn[4]") == rows
        assert (f"not in {timeline}" in result.stdout) == bool(beside)


def test_a_nanosecond_is_seen(virtually, timeline: Path, scenario: Path) -> None:
    """It fails at its line, and says what was expected."""
    row = lines_of(timeline, "[6]")[4]
    time = int(row[1])
    changed = "\t".join([row[0], str(time + 1), *row[2:]])
    timeline.write_text(timeline.read_text().replace("\t".join(row), changed))
    result = virtually("--timeline", timeline, scenario)
    assert result.returncode == FAILED
    assert "1 passed, 1 failed" in result.stdout
    assert f"{scenario}:{LINE}:1: error: PSH-ACK from client came 1 ns (far less than a jiffy) earlier" in result.stdout
    assert re.search(rf"time +{time + 1} ns +{time} ns", result.stdout)


def test_a_jiffy_is_seen(virtually, timeline: Path, scenario: Path) -> None:
    """A sysctl that moves the retransmission by one; what the scenario says itself still holds."""
    write(scenario, rto=51000)
    assert virtually(scenario).returncode == PASSED
    result = virtually("--timeline", timeline, scenario)
    assert result.returncode == FAILED
    assert f"{scenario}:{LINE}:1: error: PSH-ACK from client came 1 ms (1 jiffy) later than in {timeline}" in result.stdout


@pytest.mark.parametrize(("tolerance", "status"), [("exact", FAILED), ("2ms", PASSED)])
def test_the_scenarios_tolerance_holds(virtually, timeline: Path, scenario: Path, tolerance: str, status: int) -> None:
    """Of times that were recorded as of times that are written; the retransmission has one of its own."""
    write(scenario, f"tolerance {tolerance}", rto=51000)
    assert virtually("--timeline", timeline, scenario).returncode == status


@pytest.mark.parametrize(("scenery", "status", "said"), [
    ([], PASSED, "2 of them not in"), (["tolerance exact"], FAILED, "has no timeline of this variant")])
def test_exact_needs_a_timeline(virtually, timeline: Path, tmp_path: Path, scenery: list[str], status: int,
                                said: str) -> None:
    """Where there is a file, and nothing of the scenario in it."""
    result = virtually("--timeline", timeline, write(tmp_path / "other.scn", *scenery))
    assert result.returncode == status
    assert said in result.stdout


def test_packets_are_compared(virtually, timeline: Path, scenario: Path) -> None:
    """One that is missing in the file is the first that differs."""
    rows = lines_of(timeline, "[4]")
    timeline.write_text(timeline.read_text().replace("\t".join(rows[3]) + "\n", "", 1))
    result = virtually("--timeline", timeline, scenario)
    assert result.returncode == FAILED
    assert f"{scenario}:{LINE - 1}:1: error: PSH-ACK from client came" in result.stdout


@pytest.mark.parametrize(("options", "said"), [
    (["--record", "FILE"], "time is real"),
    (["--timeline", "FILE", "--kernel", "host"], "time is real"),
    (["--time", "virtual", "--record", "scenarios/rst_after_fin.scn"], "this is a scenario"),
    (["--time", "virtual", "--record", "/nonexistent/x"], "No such file"),
    (["--time", "virtual", "--timeline", "/nonexistent"], "No such file"),
    (["--time", "virtual", "--timeline", "README.md"], "line 3 is none of a timeline"),
])
def test_usage(tool: Tool, scenario: Path, options: list[str], said: str) -> None:
    result = tool.run("run", *options, scenario)
    assert result.returncode == USAGE
    assert said in result.stderr
