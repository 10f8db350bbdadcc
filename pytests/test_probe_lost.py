"""The machine's faults, never the kernel's: exit status 3, with the line. A probe that dies or stands still; a time-out;
a sysctl that this kernel refuses, or sets to something else.
"""
from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from toolkit import MACHINE, Tool, scene, wait_until

BEGUN_WITHIN = 20.0  # seconds


def children(pid: int) -> list[int]:
    """The children of a process's first thread; none if it is gone."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def probes(pid: int) -> list[int]:
    """The children of the players of tcpscen."""
    return [probe for player in children(pid) for probe in children(player)]


def play_and_signal(tool: Tool, folder: Path, last: str, number: int) -> subprocess.CompletedProcess[str]:
    """Play a scenario whose line 5 is a long wait, and send the probe a signal meanwhile; line 6 is `last`."""
    path = folder / "lost.scn"
    path.write_text(scene("establish client to server:8080", "wait 1500ms", last))
    command = tool.command("run", "--color", "never", "--ip", "4", path)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          encoding="utf-8") as process:
        assert wait_until(lambda: probes(process.pid), BEGUN_WITHIN)
        probe = probes(process.pid)[0]
        # a socket of its own at PROBE_FD_BASE: the connection has been begun
        assert wait_until(lambda: Path(f"/proc/{probe}/fd/512").exists(), BEGUN_WITHIN)
        wait_until(lambda: False, 0.3)  # … and is established
        os.kill(probe, number)
        text, _ = process.communicate(timeout=60)
        return subprocess.CompletedProcess(command, process.returncode, text, "")


@pytest.mark.parametrize("last", [
    'client: write "x" -> 1',  # the line waits for the result
    'client: write "x"',       # the call is started, and is to come to rest
    "client: error -> 0",      # a question that takes a call
    "expect FIN-ACK from client",
])
def test_a_stopped_probe_hangs(tool: Tool, tmp_path: Path, last: str) -> None:
    """SIGSTOP: the error names the probe and the line."""
    result = play_and_signal(tool, tmp_path, last, signal.SIGSTOP)
    assert result.returncode == MACHINE, result.stdout
    assert "the probe of client hangs" in result.stdout
    assert "lost.scn:6:1: error: " in result.stdout


def test_a_killed_probe_dies(tool: Tool, tmp_path: Path) -> None:
    """SIGKILL: so does it, with the line that was being played."""
    result = play_and_signal(tool, tmp_path, 'client: write "x" -> 1', signal.SIGKILL)
    assert result.returncode == MACHINE, result.stdout
    assert "lost.scn:5:1: error: the probe of client died" in result.stdout


def test_a_time_out_has_its_line(tool: Tool, tmp_path: Path) -> None:
    """--timeout ends a scenario at the line that it has got to."""
    path = tmp_path / "long.scn"
    path.write_text(scene("establish client to server:8080", "wait 10min"))
    result = tool.run("run", "--color", "never", "--ip", "4", "--timeout", "1", path)
    assert result.returncode == MACHINE, result.stderr
    assert "long.scn:5:1: error: " in result.stdout + result.stderr


@pytest.mark.parametrize(("value", "why"), [
    ("5 6", "the kernel has made 5 of it"),  # one number is set, the rest is left
    ("99999999999", "Invalid argument"),
])
def test_a_refused_sysctl_has_its_line(tool: Tool, tmp_path: Path, value: str, why: str) -> None:
    """A sysctl that is not set as it is written is an error at its line."""
    path = tmp_path / "sysctl.scn"
    path.write_text(scene(f"sysctl client net.ipv4.tcp_retries2 = {value}", "client: socket"))
    result = tool.run("run", "--color", "never", "--ip", "4", path)
    assert result.returncode == MACHINE, result.stdout + result.stderr
    assert "sysctl.scn:4:1: error: cannot set sysctl net.ipv4.tcp_retries2" in result.stdout + result.stderr
    assert why in result.stdout + result.stderr


def test_a_misspelled_sysctl(tool: Tool, tmp_path: Path) -> None:
    """What this kernel has no setting for, and the nearest that it has."""
    path = tmp_path / "sysctl.scn"
    path.write_text(scene("sysctl client net.ipv4.tcp_syn_retry = 2", "client: socket"))
    result = tool.run("run", "--color", "never", "--ip", "4", path)
    assert result.returncode == MACHINE, result.stdout + result.stderr
    assert "; did you mean net.ipv4.tcp_syn_retries?\n" in result.stdout + result.stderr


def test_a_sysctl_set_by_half_is_refused(tool: Tool, tmp_path: Path) -> None:
    """Two numbers for three: the kernel takes them and leaves the third."""
    path = tmp_path / "sysctl.scn"
    path.write_text(scene("sysctl client net.ipv4.tcp_rmem = 4096 8192", "client: socket"))
    result = tool.run("run", "--color", "never", "--ip", "4", path)
    assert result.returncode == MACHINE, result.stdout + result.stderr
    assert "the kernel has made 4096 8192 " in result.stdout + result.stderr
