"""The question `counter`: what the kernel has counted, of one host and since the scenario began."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

from toolkit import FAILED, MACHINE, PASSED, ROOT, Record, Result, Tool, needs_guests, scene

GUESTS = ("6.1", "6.12")
HANDSHAKE = "establish client to server:8080"
LOSS = (HANDSHAKE, 'client: write "x" -> 1', "expect PSH-ACK from client")


def table() -> list[tuple[str, str, str]]:
    """(group, name, the Linux that has it first or "") of each counter of the program's table."""
    source = (ROOT / "harness/plan/counters.c").read_text(encoding="utf-8")
    return re.findall(r'\b[CSA]\((\w+), (\w+)(?:, "([\d.]+)")?\)', source.partition("#define COUNTERS")[2])


def asked(record: Record) -> list[tuple[str, int]]:
    """(name, value) of each answer that is a counter."""
    return [(event["counter"], event["number"]) for event in record["events"]
            if event["event"] == "ask" and event["question"] == "counter"]


def write(folder: Path, *lines: str, **hosts: str) -> Path:
    path = folder / "counters.scn"
    path.write_text(scene(*lines, **hosts), encoding="utf-8")
    return path


def play_on(tool: Tool, kernel: str, *args: str | Path) -> tuple[Result, list[Record]]:
    """On the kernel of that name; "host": the running one."""
    clock = "real" if kernel == "host" else "virtual"
    return Tool(tool.binary, clock).play("--kernel", kernel, *args)


# ---- what is counted ----

@pytest.mark.parametrize("kernel", ["host", *(pytest.param(name, marks=needs_guests) for name in GUESTS)])
def test_each_scenario_begins_at_zero(tool: Tool, tmp_path: Path, kernel: str) -> None:
    """All counters that every kernel has, of all variants that one player plays one after the other."""
    names = [f"{group}{name}" for group, name, since in table() if not since]
    assert len(names) > 190
    path = write(tmp_path, "for turn in 1, 2, 3", "ip 4, 6, mapped", *(f"client: counter {name} -> 0" for name in names),
                 HANDSHAKE, "client: counter ActiveOpens -> 1", "server: counter PassiveOpens -> 1",
                 "client: counter PassiveOpens -> 0", server="kernel")
    result, records = play_on(tool, kernel, "-j", "1", path)
    assert result.returncode == PASSED, result.stderr
    assert len(records) == 9
    for record in records:
        assert asked(record)[-3:] == [("TcpActiveOpens", 1), ("TcpPassiveOpens", 1), ("TcpPassiveOpens", 0)]


def test_nothing_else_counts(tool: Tool, tmp_path: Path) -> None:
    """Several at once, on one machine: each has counters of its own."""
    path = write(tmp_path, "for turn in 1, 2, 3, 4", HANDSHAKE, "client: counter ActiveOpens -> 1",
                 "client: counter OutSegs -> 2", "wait 20ms", "client: counter OutSegs -> 2")
    result, records = tool.play("-j", "4", path)
    assert result.returncode == PASSED, result.stderr
    assert len(records) == 8


@needs_guests
@pytest.mark.parametrize("kernel", GUESTS)
def test_which_kernel_has_it(tool: Tool, tmp_path: Path, kernel: str) -> None:
    """What the table says to be newer is refused before anything is played, in its place; what is older is there."""
    version = tuple(map(int, kernel.split(".")))
    newer = [(group, name, since) for group, name, since in table() if since]
    assert len(newer) > 5
    for group, name, since in newer:
        path = write(tmp_path, f"client: counter {name}", HANDSHAKE)
        result, records = play_on(tool, kernel, "--ip", "4", path)
        if tuple(map(int, since.split("."))) <= version:
            assert result.returncode == PASSED, result.stderr
            assert asked(records[0]) == [(f"{group}{name}", 0)]
            continue
        assert result.returncode == MACHINE, result.stderr
        assert f"counters.scn:4:1: error: this kernel, {kernel}." in result.stderr
        assert f"has no counter {group}{name}: write 'needs kernel >= {since}'" in result.stderr
        assert not [event for event in records[0]["events"] if event["event"] in ("packet", "call", "ask")]


# ---- answers ----

def test_what_is_shown(tool: Tool, tmp_path: Path) -> None:
    """The ladder has the short name, the record the one that nstat has."""
    path = write(tmp_path, HANDSHAKE, "client: counter TcpExtListenOverflows", "client: counter TcpInCsumErrors -> 0")
    result, records = tool.play("--ip", "4", path)
    assert result.returncode == PASSED, result.stderr
    assert asked(records[0]) == [("TcpExtListenOverflows", 0), ("TcpInCsumErrors", 0)]
    shown = tool.run("run", "--ip", "4", "--color", "never", path).stdout
    assert "counter ListenOverflows = 0" in shown
    assert "counter TcpInCsumErrors = 0" in shown


@pytest.mark.parametrize(("line", "said"), [
    ("client: counter RetransSegs -> 2 within 10ms", "counter RetransSegs of client is 1, expected 2"),
    ("client: counter RetransSegs -> 0 within 10ms", "counter RetransSegs of client is 1, expected 0"),
    ("client: counter TcpRetransSegs -> >= 2 within 10ms", "counter RetransSegs of client is 1, expected >= 2"),
    ("client: counter TcpRetransSegs -> 2..4 within 10ms", "counter RetransSegs of client is 1, expected 2..4"),
    ("client: counter RetransSegs -> != 1 within 10ms", "counter RetransSegs of client is 1, expected != 1"),
    # The next retransmission comes 400 ms after this one.
    ("client: counter RetransSegs -> 2 within 200ms", "counter RetransSegs of client is 1, expected 2"),
    ("client: counter RetransSegs -> 2 between 0s and 150ms", "counter RetransSegs of client is 1, expected 2"),
    ("client: counter RetransSegs -> 1 until 100ms", "the change"),
    ("client: counter RetransSegs -> 1 after 1s", "counter RetransSegs of client is 2, expected 1"),
])
@pytest.mark.parametrize("clock", ["real", pytest.param("virtual", marks=needs_guests)])
def test_wrong_answers_fail(tool: Tool, tmp_path: Path, clock: str, line: str, said: str) -> None:
    """Too many, too few, and right too late or no longer."""
    path = write(tmp_path, *LOSS, "expect PSH-ACK from client again", line)
    result = tool.run("run", "--time", clock, "--ip", "4", "--color", "never", path)
    assert result.returncode == FAILED, result.stdout
    assert f"counters.scn:{len(path.read_text().splitlines())}:" in result.stdout
    assert said in result.stdout


@pytest.mark.parametrize("line", [
    "client: counter RetransSegs -> 2 within 500ms", "client: counter RetransSegs -> 2 between 300ms and 600ms",
    "client: counter RetransSegs -> 1 until 400ms +-50ms", "client: counter RetransSegs -> 2 after 500ms",
])
@pytest.mark.parametrize("clock", ["real", pytest.param("virtual", marks=needs_guests)])
def test_right_answers_pass(tool: Tool, tmp_path: Path, clock: str, line: str) -> None:
    """It is asked again until the timer has sent the segment once more, and in time."""
    path = write(tmp_path, *LOSS, "expect PSH-ACK from client again", line, "ignore packets")
    result = tool.run("run", "--time", clock, "--ip", "4", "--color", "never", path)
    assert result.returncode == PASSED, result.stdout


def test_programs_are_counted(tool: Tool, tmp_path: Path) -> None:
    """A host is all that runs in its namespace."""
    path = write(tmp_path, 'client: run "nc -w 1 server 8080"', "expect SYN from client to server:8080",
                 "send RST-ACK from server", "client: exit -> 1", "client: counter ActiveOpens -> 1",
                 "client: counter AttemptFails -> 1")
    result = tool.run("run", "--ip", "4", "--color", "never", path)
    assert result.returncode == PASSED, result.stdout
