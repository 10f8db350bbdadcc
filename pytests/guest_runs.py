"""Runs in virtual time whose processes can be told from all others: tcpscen itself, its warden, the guests.

A guest's environment is empty, but each process of a run has the path of its tcpscen in its command line: a guest boots it.
So each run gets a copy at a path of its own.
"""
from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from toolkit import Record, Result, Tool, run, running, wait_until

STARTED_WITHIN = 30.0
GONE_WITHIN = 5.0  # seconds, on a busy machine
BUILT = Path(os.environ.get("XDG_CACHE_HOME", "") or Path.home() / ".cache") / "tcpscen/kernels"
KERNEL = "6.12"


def alive(word: str) -> list[int]:
    """Processes with this word in their command line; zombies have none."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and word.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:  # gone meanwhile
            continue
    return found


def session_of(pid: int) -> int | None:
    """The session a process is in; None if it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[3])
    except OSError:
        return None


@dataclass(frozen=True)
class Runs:
    """A folder with a copy of tcpscen, a cache folder of its own, and scenarios."""

    folder: Path

    @property
    def binary(self) -> Path:
        return self.folder / "bin" / "tcpscen"

    @property
    def work(self) -> Path:
        """Where scenarios are, and where it runs."""
        return self.folder / "work"

    @property
    def env(self) -> dict[str, str]:
        return {"XDG_CACHE_HOME": str(self.folder / "cache"), "HOME": str(self.folder / "home")}

    def write(self, **texts: str) -> None:
        """Scenarios, by the names of their files."""
        for name, text in texts.items():
            (self.work / f"{name}.scn").write_text(text, encoding="utf-8")

    def kernel(self, name: str, script: str) -> Path:
        """A guest kernel that is a script of ours. Returns its path."""
        path = self.folder / "cache/tcpscen/kernels" / name / "linux"
        path.parent.mkdir(parents=True)
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)
        (path.parent / "about").write_text(f"name {name}\nversion {KERNEL}.0\n")
        return path

    def command(self, *args: str, kernel: str = KERNEL) -> list[str]:
        return [str(self.binary), "run", "--color", "never", "--kernel", kernel, *args]

    def run(self, *args: str, kernel: str = KERNEL, timeout: float = 120) -> Result:
        """To its end."""
        return run(self.command(*args, kernel=kernel), cwd=self.work, env=self.env, timeout=timeout)

    def play(self, *args: str, kernel: str = KERNEL) -> tuple[Result, list[Record]]:
        """The same, with its records."""
        result = self.run("--json", "-", *args, kernel=kernel)
        return result, [json.loads(line) for line in result.stdout.splitlines()]

    def start(self, *args: str, kernel: str = KERNEL) -> subprocess.Popen[bytes]:
        """Start, with the output in a file."""
        with self.output.open("wb") as output:
            return subprocess.Popen(self.command(*args, kernel=kernel), cwd=self.work, stdin=subprocess.DEVNULL,
                                    stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **self.env})

    @property
    def output(self) -> Path:
        return self.folder / "output"

    def text(self) -> str:
        """What has been printed by now."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def processes(self) -> list[int]:
        """All there are of a run."""
        return alive(str(self.binary))

    def gone(self) -> bool:
        """There is none any more, soon: who has been killed may need a moment to die."""
        return wait_until(lambda: not self.processes(), GONE_WITHIN)

    def kernels(self) -> list[int]:
        """Those of them that are guest kernels: the leaders of the guests' sessions."""
        return [pid for pid in alive(f'init="{self.binary}"') if session_of(pid) == pid]

    def wait_for(self, words: str, count: int = 1) -> None:
        """Until it has printed them so many times."""
        assert wait_until(lambda: self.text().count(words) >= count, STARTED_WITHIN), self.text()


def make_runs(tool: Tool, folder: Path) -> Iterator[Runs]:
    """In this folder; whatever is left at the end is killed."""
    runs = Runs(folder)
    for path in (runs.work, runs.binary.parent, folder / "home", folder / "cache/tcpscen/kernels"):
        path.mkdir(parents=True)
    shutil.copy(tool.binary, runs.binary)
    for built in BUILT.iterdir() if BUILT.is_dir() else ():
        (folder / "cache/tcpscen/kernels" / built.name).symlink_to(built.resolve())
    yield runs
    for pid in runs.processes():
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def runs(tool: Tool, tmp_path: Path) -> Iterator[Runs]:
    """A place for runs."""
    yield from make_runs(tool, tmp_path)


def finish(process: subprocess.Popen[bytes], seconds: float = 60.0) -> int:
    """Wait for it, and kill it if that is in vain. Returns the exit status."""
    with running(process):
        return process.wait(timeout=seconds)
