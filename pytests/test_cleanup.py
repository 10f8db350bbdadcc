"""Nothing is left behind, however tcpscen ends: killed at any moment, interrupted, or robbed of one of its children.

Left behind would be: a process, a network namespace, a network interface, a file. A process of ours is known by
a mark in its environment, which children inherit and /proc shows; a namespace, by who is in it.
"""
from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from toolkit import FAILED, MACHINE, Tool, run, running, scene, wait_until

ROUNDS = 40
GONE_WITHIN = 2.0   # seconds after the end
HELD_WITHIN = 60.0  # for processes that are dead already, but for a kernel that is busy with others' namespaces
STARTED_WITHIN = 20.0
MARK = "TCPSCEN_TEST_MARK"
LONG = scene("establish client to server:8080", "client: read", "wait 10min")
LONG_OF_TWO = scene("establish client to server:8080", "client: read", "server: read",
                    "delay all packets by 50ms", "client/writer: write 100000 bytes", "wait 10min", server="kernel")
SPACES = 2  # network namespaces of a variant with one kernel host: that host's, and the wire's
BRIEF = scene("establish client to server:8080", "client: close", "expect FIN-ACK from client")


@dataclass(frozen=True)
class Started:
    """A tcpscen that runs, and the mark that it and its children bear."""

    process: subprocess.Popen[bytes]
    mark: str
    folder: Path

    def family(self) -> dict[int, int]:
        """Living processes that bear the mark: pid -> pid of the parent. Who has been killed is not alive."""
        return {pid: parent for pid, parent in marked(self.mark) if not killed(pid)}

    def children_of(self, parent: int) -> list[int]:
        """Living children of a process of the family."""
        return [pid for pid, above in self.family().items() if above == parent]

    def namespaces(self) -> set[str]:
        """The network namespaces that the family is in, other than our own: "net:[4026532321]"."""
        spaces = {namespace(pid) for pid in self.family()}
        return {space for space in spaces if space} - {namespace(os.getpid())}


def marked(mark: str) -> Iterator[tuple[int, int]]:
    """(pid, pid of the parent) of the living processes whose environment has the mark; zombies are not alive."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if f"{MARK}={mark}".encode() not in (entry / "environ").read_bytes().split(b"\0"):
                continue
            stat = (entry / "stat").read_text().rpartition(")")[2].split()
        except (OSError, ValueError):  # gone meanwhile, or not ours to read
            continue
        if stat[0] not in "ZX":
            yield int(entry.name), int(stat[1])


def killed(pid: int) -> bool:
    """Is a SIGKILL pending? So it is while the kernel, in the middle of a system call, waits for its own locks."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True
    pending = re.findall(r"^(?:Sig|Shd)Pnd:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return any(int(mask, 16) >> (signal.SIGKILL - 1) & 1 for mask in pending)


def namespace(pid: int) -> str | None:
    """The network namespace that a process is in; None if it is gone."""
    try:
        return os.readlink(f"/proc/{pid}/ns/net")
    except OSError:
        return None


def veths() -> set[str]:
    """Names of our side's veth interfaces."""
    return {path.name for path in Path("/sys/class/net").iterdir() if path.name.startswith(("veth", "wire", "host"))}


@pytest.fixture
def launch(tool: Tool, tmp_path: Path) -> Iterator[Callable[..., Started]]:
    """Starts `tcpscen run ARGS` in a folder of its own; whatever still runs at the end is killed."""
    mark = uuid.uuid4().hex
    started: list[subprocess.Popen[bytes]] = []

    def start(*args: str, text: str = LONG, copies: int = 1) -> Started:
        for number in range(copies):
            (tmp_path / f"{number}.scn").write_text(text)
        output = (tmp_path / "output").open("wb")
        process = subprocess.Popen(tool.command("run", *args, "."), cwd=tmp_path, stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=subprocess.STDOUT, env={**os.environ, MARK: mark})
        output.close()
        started.append(process)
        return Started(process, mark, tmp_path)

    yield start
    for process in started:
        with running(process):
            process.kill()
    for pid, _ in marked(mark):
        os.kill(pid, signal.SIGKILL)


def all_in_play(started: Started, namespaces: int) -> None:
    """Wait until the stage is set: so many network namespaces are in use."""
    assert wait_until(lambda: len(started.namespaces()) >= namespaces, STARTED_WITHIN), "it never began"


def nothing_is_left(started: Started, files: set[str], interfaces: set[str]) -> None:
    """No process, hence no namespace; no interface, no file but those that were there, and the output."""
    assert wait_until(lambda: not started.family(), GONE_WITHIN), f"still there: {started.family()}"
    assert wait_until(lambda: not dict(marked(started.mark)), HELD_WITHIN)
    assert veths() == interfaces
    assert {path.name for path in started.folder.iterdir()} == files | {"output"}


def listed_namespaces() -> set[str]:
    """Network namespaces as lsns knows them, by their inode numbers; also those that are only mounted."""
    return set(run(["lsns", "-t", "net", "-n", "-o", "NS"]).stdout.split())


# ---- kill -9 at any moment ----

@pytest.mark.estimate(15)
@pytest.mark.parametrize("text", [LONG, LONG_OF_TWO], ids=["one", "two"])
def test_kill_at_random_moments(launch: Callable[..., Started], text: str) -> None:
    """From before the first fork to the middle of the play: two seconds later nothing of it is there."""
    chance = random.Random(20)  # the moments are random, and the same each time
    interfaces = veths()
    for _ in range(ROUNDS):
        started = launch("-j", "4", text=text, copies=4)
        moment = chance.uniform(0, 0.25)
        ended = wait_until(lambda: started.process.poll() is not None, moment)
        assert not ended, (started.folder / "output").read_text()
        spaces = {space[5:-1] for space in started.namespaces()}
        started.process.kill()
        started.process.wait()
        nothing_is_left(started, {f"{number}.scn" for number in range(4)}, interfaces)
        assert wait_until(lambda: not spaces & listed_namespaces(), HELD_WITHIN)


def test_kill_in_the_middle_of_many(launch: Callable[..., Started]) -> None:
    """While worlds are built and torn down all the time."""
    interfaces = veths()
    started = launch("-j", "8", text=BRIEF, copies=300)
    all_in_play(started, SPACES)
    started.process.kill()
    started.process.wait()
    nothing_is_left(started, {f"{number}.scn" for number in range(300)}, interfaces)


def test_kill_in_the_middle_of_two_kernels(launch: Callable[..., Started]) -> None:
    """Two kernels talk through the wire at that moment."""
    text = scene("establish client to server:8080", "ignore packets",
                 "server/reader: recv 100000000 flags MSG_WAITALL", "client/writer: write 100000000 bytes",
                 "wait 10min", server="kernel")
    interfaces = veths()
    for _ in range(5):
        started = launch("--ip", "4", text=text)
        all_in_play(started, SPACES + 1)
        started.process.kill()
        started.process.wait()
        nothing_is_left(started, {"0.scn"}, interfaces)


# ---- other ends ----

@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_signal(launch: Callable[..., Started], number: signal.Signals) -> None:
    """It ends at once, not with success, and everything with it."""
    interfaces = veths()
    started = launch("-j", "4", copies=4)
    all_in_play(started, 4 * SPACES)
    started.process.send_signal(number)
    assert started.process.wait(timeout=GONE_WITHIN) not in (0, FAILED)
    nothing_is_left(started, {f"{number}.scn" for number in range(4)}, interfaces)


def test_nothing_is_left_after_a_run(launch: Callable[..., Started]) -> None:
    """Neither after an ordinary end."""
    interfaces = veths()
    started = launch("-j", "4", text=BRIEF, copies=20)
    started.process.wait(timeout=60)
    nothing_is_left(started, {f"{number}.scn" for number in range(20)}, interfaces)


def killed_child(launch: Callable[..., Started], victim: Callable[[Started], int]) -> str:
    """Kill one process of a run of one variant. Returns the output; the exit status was 3."""
    started = launch("--ip", "4", "--color", "never")
    all_in_play(started, SPACES)
    assert wait_until(lambda: len(started.family()) == 3, STARTED_WITHIN)  # suite, player, probe
    os.kill(victim(started), signal.SIGKILL)
    status = started.process.wait(timeout=20)
    output = (started.folder / "output").read_text()
    assert status == MACHINE, output
    assert wait_until(lambda: not started.family(), GONE_WITHIN), "its own children outlive it"
    return output


def test_killed_player(launch: Callable[..., Started]) -> None:
    """The process of a variant dies: an error that says so, no verdict."""
    output = killed_child(launch, lambda started: started.children_of(started.process.pid)[0])
    assert re.search(r"killed by signal 9 \(Killed\)", output), output
    assert "0 passed, 1 error" in output


@pytest.mark.parametrize("attempt", range(5))
def test_killed_probe(launch: Callable[..., Started], attempt: int) -> None:
    """The process that makes a host's calls dies: an error that names the host.

    Its sockets die with it, so that its FIN comes on the wire at the same moment: whichever is noticed first, the
    kernel under test is not to blame. Hence several attempts.
    """
    def probe(started: Started) -> int:
        player, = started.children_of(started.process.pid)
        return started.children_of(player)[0]

    output = killed_child(launch, probe)
    assert re.search(r"\bclient\b.*probe|probe.*\bclient\b", output), f"attempt {attempt}: {output}"
    assert "0 passed, 1 error" in output


def test_one_killed_player_spoils_no_other(launch: Callable[..., Started]) -> None:
    """The variants beside it go on to their own verdicts."""
    text = scene("client: socket", "wait 2s")
    started = launch("--ip", "4", "-j", "4", "--color", "never", text=text, copies=4)
    all_in_play(started, SPACES)
    os.kill(started.children_of(started.process.pid)[0], signal.SIGKILL)
    assert started.process.wait(timeout=20) == MACHINE
    assert "3 passed, 1 error" in (started.folder / "output").read_text()
