"""A machine that allows too few namespaces, or has no /proc: exit status 3, and the setting that helps by name.

The limits are lowered in a user namespace of the test's own, whose sysctls count for what is made below it.
"""
from __future__ import annotations

import shlex

import pytest

from toolkit import MACHINE, PASSED, ROOT, Result, Tool, is_sanitized, run

SCENARIO = "scenarios/rst_after_fin.scn"
EACH = 2  # network namespaces of a variant with one kernel host: the wire and the host


def within(script: str, *options: str) -> Result:
    """Run a shell script as root of a user namespace of its own."""
    return run(["unshare", "--user", "--map-root-user", *options, "sh", "-c", script], cwd=ROOT, timeout=120)


@pytest.fixture(autouse=True)
def _possible() -> None:
    if within("echo 5 >/proc/sys/user/max_net_namespaces").returncode != 0:
        pytest.skip("no user namespace here whose limits could be lowered")


def call(tool: Tool, *args: str) -> str:
    """The words of a call, for a shell."""
    return shlex.join(tool.command(*args, "--color", "never"))


def limited(tool: Tool, kind: str, number: int, *args: str) -> Result:
    """Run tcpscen where there may be so many namespaces of a kind."""
    return within(f"echo {number} >/proc/sys/user/max_{kind}_namespaces && exec {call(tool, *args)}")


@pytest.mark.parametrize("number", range(EACH))
def test_too_few_network_namespaces(tool: Tool, number: int) -> None:
    """The wire's is missing, or the host's."""
    result = limited(tool, "net", number, "run", "--ip", "4", SCENARIO)
    assert result.returncode == MACHINE, result.stdout + result.stderr
    assert "user.max_net_namespaces" in result.stdout
    assert "as root" in result.stdout


def test_just_enough(tool: Tool) -> None:
    """What a variant needs is enough."""
    result = limited(tool, "net", EACH, "run", "--ip", "4", SCENARIO)
    assert result.returncode == PASSED, result.stdout + result.stderr


@pytest.mark.parametrize("number", range(EACH))
def test_the_doctor_says_so(tool: Tool, number: int) -> None:
    """… with the remedy."""
    result = limited(tool, "net", number, "doctor")
    assert result.returncode == MACHINE, result.stdout + result.stderr
    line = next(line for line in result.stdout.splitlines() if line.startswith("NO   namespaces"))
    assert "user.max_net_namespaces" in line


def test_no_user_namespaces_for_users(tool: Tool) -> None:
    """Without privileges, user namespaces are needed."""
    drop = "setpriv --bounding-set=-all --inh-caps=-all"
    result = within(f"echo 0 >/proc/sys/user/max_user_namespaces && exec {drop} {call(tool, 'run', '--ip', '4', SCENARIO)}")
    assert result.returncode == MACHINE, result.stdout + result.stderr
    assert "user.max_user_namespaces is 0: run `sysctl user.max_user_namespaces=10000` as root" in result.stdout


@pytest.mark.parametrize("command", [("run", "--ip", "4", SCENARIO), ("doctor",)])
def test_without_proc(tool: Tool, command: tuple[str, ...]) -> None:
    """Nothing can be made without /proc, and this is said."""
    if is_sanitized(tool.binary):
        pytest.skip("AddressSanitizer itself needs /proc")
    result = within(f"mount -t tmpfs none /proc && exec {call(tool, *command)}", "--mount")
    assert result.returncode == MACHINE, result.stdout + result.stderr
    assert "/proc is not mounted here: run `mount -t proc proc /proc` as root" in result.stdout
