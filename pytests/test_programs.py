"""Programs as peers that do not do as they should: a clear verdict, soon, and nothing left behind."""
from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from toolkit import FAILED, MACHINE, PASSED, Tool, running, scene, wait_until

OUTPUT_MAX = 256 << 10  # bytes of a report about a program that writes for ever


def processes(words: str) -> Iterator[int]:
    """Those with this command line."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip() == words:
                yield int(entry.name)
        except OSError:
            continue


def parent(pid: int) -> int:
    """The process's parent."""
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def children(pid: int) -> list[int]:
    """The process's children, of its first thread."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture(name="nap")
def nap_fixture() -> Iterator[str]:
    """A sleep that is nobody else's. All of them must be gone at the end of the test."""
    words = f"sleep {100_000 + os.getpid()}.{time.monotonic_ns() % 1_000_000_000}"
    yield words
    assert wait_until(lambda: not list(processes(words)), 5)


def write(tmp_path: Path, *lines: str) -> Path:
    """A scenario of these lines."""
    path = tmp_path / "program.scn"
    path.write_text(scene("ip 4", *lines), encoding="utf-8")
    return path


@pytest.mark.parametrize(("lines", "said"), [
    (['client: run "{nap}"', "client: exit -> 0"], "has not exited within "),
    (["client: run \"sh -c 'exit 3'\"", "wait 500ms"], "sh exited with 3"),
    (["client: run \"sh -c 'exit 3'\"", "client: exit -> 0"], "sh exited with 3, expected 0"),
    (["client: run \"sh -c 'kill -9 $$'\"", "client: exit -> 0"], "sh exited with SIGKILL, expected 0"),
    (['client: run "yes"', "wait 300ms", "client: stdout -> contains \"no\""], "were not kept"),
    (['client: run "head -c 300 /dev/urandom"', 'client: stdout -> "text"'], "is not what is expected"),
    (["client: run \"sh -c 'trap : TERM; echo ready; while :; do {nap}; done'\"",
      'client: stdout -> "ready\\n"', "client: kill SIGTERM", "client: exit -> SIGTERM"], "has not exited within "),
    (['client: run "{nap}"', "client: stdin 200000 bytes"], "bytes of its input unread"),
    (["client: run \"sh -c 'exec <&-; echo ready; {nap}'\"", 'client: stdout -> "ready\\n"', 'client: stdin "x"'],
     "closed its standard input"),
    (['client: run "true"', "client: exit -> 0", 'client: stdin "x"'], "has exited (0)"),
    (['client: run "true"', "client: exit -> 0", "client: kill SIGTERM"], "has exited (0)"),
    (["client: listening -> 80"], "nobody listens on port 80"),
    (["client: run \"sh -c 'sleep 0.2'\"", "client: syscall connect -> ok"], "no call of connect"),
], ids=lambda value: None)
def test_faults(tool: Tool, tmp_path: Path, nap: str, lines: list[str], said: str) -> None:
    path = write(tmp_path, *(line.replace("{nap}", nap) for line in lines))
    result = tool.run("run", "--replays", "9", "--color", "never", path, timeout=60)
    assert result.returncode == FAILED, result.stdout
    assert said in result.stdout
    assert len(result.stdout) < OUTPUT_MAX


def test_what_forks_away_ends_too(tool: Tool, tmp_path: Path, nap: str) -> None:
    """In sessions of its own, with a parent that has gone."""
    path = write(tmp_path, f"client: run \"sh -c 'setsid {nap} & setsid sh -c \\\"{nap} & {nap}\\\" & exit 0'\"",
                 "client: exit -> 0", "wait 100ms")
    result = tool.run("run", path)
    assert result.returncode == PASSED, result.stdout


def test_calls_of_signal_handlers(tool: Tool, tmp_path: Path) -> None:
    """They are not taken for the call that was interrupted, which the kernel restarts."""
    code = ('pipe(P, W); syswrite(W, "12345"); '
            "sigaction(SIGUSR1, POSIX::SigAction->new(sub { sysread(P, $b, 5) }, POSIX::SigSet->new, SA_RESTART)); "
            'socket(S, PF_INET, SOCK_STREAM, 0); connect(S, sockaddr_in(8080, inet_aton("192.0.2.2"))); '
            "print sysread(S, $a, 100)")
    path = write(tmp_path, f'client: run """perl -MPOSIX -MSocket -e \'{code}\'"""', "expect SYN from client to server:8080",
                 "send SYN-ACK from server", "expect ACK from client", "wait 50ms", "client: kill SIGUSR1", "wait 50ms",
                 'send PSH-ACK from server data "ab"', "expect ACK from client", "client: syscall read -> 2",
                 'client: stdout -> "2"', "client: exit -> 0", "expect FIN-ACK from client")
    result = tool.run("run", "--color", "never", path)
    assert result.returncode == PASSED, result.stdout


def test_parameters_in_commands(tool: Tool, tmp_path: Path) -> None:
    """The value's text in a command and in what it prints; a shell's own names stay its own."""
    path = write(tmp_path, 'for word in one, 2, "three 3"', "client: run \"sh -c 'mine=$word; echo \\\"<$mine>\\\"'\"",
                 'client: stdout -> "<${word}>\\n"', "client: exit -> 0")
    result = tool.run("run", "-D", "word=two", path)
    assert result.returncode == PASSED, result.stdout
    result = tool.run("run", "--color", "never", path)  # sh takes "3" for a command of its own
    assert result.returncode == FAILED and "2 passed" in result.stdout, result.stdout
    assert "three 3" in result.stdout


def test_what_is_not_installed_is_skipped(tool: Tool, tmp_path: Path) -> None:
    """By its name, and with 3 when nothing else was played."""
    missing = write(tmp_path, 'client: run "no-such-program -x"')
    result = tool.run("run", "--color", "never", missing)
    assert result.returncode == MACHINE
    assert "needs no-such-program, which is not installed" in result.stdout
    other = tmp_path / "other.scn"
    other.write_text(scene("ip 4", 'client: run "true"', "client: exit -> 0"), encoding="utf-8")
    assert tool.run("run", missing, other).returncode == PASSED


def test_nothing_is_looked_up_elsewhere(tool: Tool, tmp_path: Path) -> None:
    """The two hosts have names; nobody else has, and nobody else can be reached."""
    path = write(tmp_path, 'client: run "getent hosts server"', 'client: stdout -> contains "192.0.2.2"',
                 'client: run "getent hosts example.com"', "client: exit -> 2")
    result = tool.run("run", path)
    assert result.returncode == PASSED, result.stdout


def test_killed_from_outside(tool: Tool, tmp_path: Path, nap: str) -> None:
    """The program: that is how it ended. Its keeper: an error of the machine."""
    path = write(tmp_path, f'client: run "{nap}"', "client: exit -> SIGKILL within 20s")
    for keeper, expected in ((False, PASSED), (True, MACHINE)):
        with running(tool.start("run", path)) as process:
            assert wait_until(lambda: list(processes(nap)), 10)
            pid = next(processes(nap))
            os.kill(parent(pid) if keeper else pid, signal.SIGKILL)
            assert process.wait(20) == expected


def test_killed_with_all(tool: Tool, tmp_path: Path, nap: str) -> None:
    """kill -9 of tcpscen: the program goes with it (see the fixture)."""
    path = write(tmp_path, f'client: run "{nap}"', "client: exit -> 0 within 60s")
    with running(tool.start("run", path)) as process:
        assert wait_until(lambda: list(processes(nap)), 10)
        process.kill()


@pytest.mark.parametrize("traced", [False, True], ids=["plain", "traced"])
def test_killed_with_children_between_two_kernels(tool: Tool, tmp_path: Path, nap: str, traced: bool) -> None:
    """kill -9 of tcpscen, of its players alone: on each host a program with children in sessions of their own."""
    family = f"run \"sh -c 'setsid {nap} & setsid sh -c \\\"{nap} & {nap}\\\" & {nap}'\""
    asked = ["client: syscall connect -> ok within 10min"] if traced else []
    path = tmp_path / "program.scn"
    path.write_text(scene("ip 4", f"client: {family}", f"server: {family}", *asked, "wait 10min", server="kernel"),
                    encoding="utf-8")
    for alone in (False, True):
        with running(tool.start("run", path)) as process:
            assert wait_until(lambda: len(list(processes(nap))) == 8, 10)
            if alone:
                for player in children(process.pid):
                    os.kill(player, signal.SIGKILL)
                assert process.wait(20) == MACHINE
            else:
                process.kill()
        assert wait_until(lambda: not list(processes(nap)), 5), alone


def test_socket_calls_of_threads_and_children(tool: Tool, tmp_path: Path) -> None:
    """All are told, with arguments, value and errno; what is no TCP socket is not."""
    code = ("import os, socket, threading\n"
            "def dial():\n"
            "    s = socket.socket()\n"
            "    s.connect_ex(('127.0.0.1', 9))\n"
            "a, b = socket.socketpair()\n"
            "a.send(b'x')\n"
            "u = socket.socket(type=socket.SOCK_DGRAM); u.connect(('127.0.0.1', 9)); u.close()\n"
            "t = threading.Thread(target=dial); t.start(); t.join()\n"
            "if os.fork() == 0:\n"
            "    dial(); os._exit(0)\n"
            "os.wait()\n")
    (tmp_path / "dial.py").write_text(code, encoding="utf-8")
    path = write(tmp_path, f'client: run "/usr/bin/python3 {tmp_path}/dial.py"',
                 "client: syscall connect -> ECONNREFUSED", "client: syscall connect -> ECONNREFUSED",
                 "client: exit -> 0")
    result, records = tool.play(path)
    assert result.returncode == PASSED, result.stderr
    calls = [event for event in records[0]["events"] if event.get("what") == "syscall" and event["returned"]]
    assert [call["call"] for call in calls if call["call"] == "connect"] == ["connect"] * 2
    assert {call["errno"] for call in calls if call["call"] == "connect"} == {"ECONNREFUSED"}
    assert not [call for call in calls if call["call"] == "send"]
