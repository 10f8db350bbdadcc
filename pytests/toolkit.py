"""Running tcpscen from a test, and reading what it says.

A `Tool` is one binary. Everything it starts has a deadline in seconds, passed as `timeout`; missing it raises
subprocess.TimeoutExpired, which fails the test. Text is UTF-8, with what is not shown as U+FFFD.
"""
from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS = ROOT / "scenarios"
PASSED, FAILED, USAGE, MACHINE = 0, 1, 2, 3  # exit statuses


def is_sanitized(binary: Path) -> bool:
    """Is it built with SAN=1?"""
    return binary.exists() and b"__asan_init" in binary.read_bytes()


def why_no_guests() -> str:
    """Why the binary under test cannot run in a guest kernel; "": it can."""
    binary = ROOT / os.environ.get("TCPSCEN", "build/tcpscen")
    if platform.machine() != "x86_64":
        return "there is User Mode Linux on x86-64 only"
    if is_sanitized(binary):
        return "AddressSanitizer's shadow has no room in a guest's address space"
    return ""


needs_guests = pytest.mark.skipif(bool(why_no_guests()), reason=why_no_guests())

Record = dict[str, Any]  # one line of `run --json`
Result = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Variant:
    """One line of `list --json`: a scenario with an IP version and a value for each parameter."""

    id: str                    # "scenarios/x.scn[6,how=SHUT_WR]"
    scenario: str              # the path as it was given to tcpscen
    title: str
    ip: str                    # "4", "6" or "mapped"
    tags: tuple[str, ...]
    bindings: Mapping[str, str]
    estimate: float            # seconds of its waits; 0.0 if it waits for nothing

    @classmethod
    def from_json(cls, line: str) -> Variant:
        """Raises KeyError or ValueError if the line is none of `list --json`."""
        fields = json.loads(line)
        return cls(fields["id"], fields["scenario"], fields["title"], fields["ip"],
                   tuple(fields["tags"]), fields["bindings"], fields["estimate_s"])

    def options(self) -> list[str]:
        """Options of `run` that choose this variant alone."""
        defines = [word for name, value in self.bindings.items() for word in ("-D", f"{name}={value}")]
        return ["--ip", self.ip, *defines]


@dataclass(frozen=True)
class Tool:
    """The binary under test."""

    binary: Path
    clock: str = "real"  # the time in which play() plays

    def command(self, *args: str | Path) -> list[str]:
        """argv of a call."""
        return [str(self.binary), *map(str, args)]

    def run(self, *args: str | Path, cwd: Path = ROOT, timeout: float = 60,
            env: Mapping[str, str] | None = None) -> Result:
        """Run to the end. `env` is added to the environment."""
        return run(self.command(*args), cwd=cwd, timeout=timeout, env=env)

    def start(self, *args: str | Path, cwd: Path = ROOT) -> subprocess.Popen[bytes]:
        """Start, with the output thrown away."""
        return subprocess.Popen(self.command(*args), cwd=cwd, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def play(self, *args: str | Path, cwd: Path = ROOT, timeout: float = 120) -> tuple[Result, list[Record]]:
        """`run --json -`: the result, whose stderr has what a reader would see, and the records."""
        result = self.run("run", "--color", "never", "--json", "-", "--time", self.clock, *args, cwd=cwd, timeout=timeout)
        return result, [json.loads(line) for line in result.stdout.splitlines()]

    def variants(self, *paths: str | Path, options: Sequence[str] = (), cwd: Path = ROOT) -> list[Variant]:
        """All variants of scenarios without errors; faulty files are left out."""
        result = self.run("list", "--json", *options, *paths, cwd=cwd)
        return [Variant.from_json(line) for line in result.stdout.splitlines()]


def run(command: Sequence[str], cwd: Path = ROOT, timeout: float = 60,
        env: Mapping[str, str] | None = None) -> Result:
    """Run any command to its end, its output kept."""
    return subprocess.run(command, cwd=cwd, timeout=timeout, stdin=subprocess.DEVNULL, capture_output=True,
                          encoding="utf-8", errors="replace", env={**os.environ, **(env or {})})


def find_tool() -> Tool:
    """The binary that $TCPSCEN names, else build/tcpscen. Raises FileNotFoundError if there is none."""
    binary = (ROOT / os.environ.get("TCPSCEN", "build/tcpscen")).resolve()
    if not os.access(binary, os.X_OK):
        raise FileNotFoundError(f"{binary}: no such program; run make, or set TCPSCEN")
    return Tool(binary)


def shipped(tool: Tool, longest: float = float("inf"), ips: Iterable[str] = ("4", "6", "mapped")) -> list[Variant]:
    """The variants of scenarios/ that wait at most `longest` seconds."""
    return [variant for variant in tool.variants("scenarios")
            if variant.estimate <= longest and variant.ip in ips]


def scene(*lines: str, title: str = "a trial", client: str = "kernel", server: str = "crafted") -> str:
    """The text of a scenario with the two usual hosts; line 4 is the first of `lines`."""
    return "\n".join([f'scenario "{title}"', f"host client {client}", f"host server {server}", *lines, ""])


def wait_until(happened: Callable[[], object], seconds: float, step: float = 0.005) -> bool:
    """Ask again and again until the answer is true. Returns False when the time is up first."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(step)
    return True


@contextmanager
def computing(for_each: int, *, apart: bool = False) -> Iterator[None]:
    """So many processes for each processor that do nothing but compute; `apart`: each in a session of its own, since
    the kernel may share a processor out by sessions (sched(7), autogroup). They end with us, however that may be.
    """
    spinner = ["setpriv", "--pdeathsig", "KILL", "sh", "-c", "while :; do :; done"]
    with ExitStack() as stack:
        for _ in range(for_each * (os.cpu_count() or 1)):
            stack.enter_context(running(subprocess.Popen(spinner, start_new_session=apart)))
        yield


@contextmanager
def running(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """The process, which is killed and reaped at the end of the block if it is still there."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
