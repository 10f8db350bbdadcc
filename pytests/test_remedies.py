"""What a message tells to write is accepted where it tells it: followed to the letter, `check` has no more to say."""
from __future__ import annotations

from pathlib import Path

import pytest

from toolkit import PASSED, USAGE, Tool, scene

OPENED = ("establish client to server:8080",)

# What is refused, what the help says of it, and the line in which that is written instead. Several lines: joined by \n.
OF_RESULTS = [
    ("client: socket -> success", "ok", "client: socket -> ok"),
    ("client: poll POLLIN timeout 1s -> timeout", "-> 0", "client: poll POLLIN timeout 1s -> 0"),
    ("client: poll POLLIN -> error", "POLLERR", "client: poll POLLIN -> POLLERR"),
    ("client: poll POLLIN -> POLLINN", "POLLIN", "client: poll POLLIN -> POLLIN"),
    ("client: error -> error", "ECONNREFUSED", "client: error -> ECONNREFUSED"),
    ("client: read -> timeout", "ETIMEDOUT", "client: read -> ETIMEDOUT"),
    ("client: read -> reset", "ECONNRESET", "client: read -> ECONNRESET"),
    ("client: recvmsg -> eof", "-> 0", "client: recvmsg -> 0"),
    ("client: sockets -> ESTAB", "ESTABLISHED", "client: sockets -> ESTABLISHED"),
    ("client: state -> ESTAB", "ESTABLISHED", "client: state -> ESTABLISHED"),
    ("client: state -> UNCONN", "CLOSED", "client: state -> CLOSED"),
    ("client: info state -> ESTAB", "ESTABLISHED", "client: info state -> ESTABLISHED"),
    ("client: info state -> CLOSE", "CLOSED", "client: info state -> CLOSED"),
    ("client: info ca_state -> ESTAB", "Recovery", "client: info ca_state -> Recovery"),
    ("client: readable -> true", "yes", "client: readable -> yes"),
    ("client: readable -> false", "no", "client: readable -> no"),
    ("client: fcntl F_GETFL -> O_NONBLOK", "O_NONBLOCK", "client: fcntl F_GETFL -> O_NONBLOCK"),
]


def helps(stderr: str) -> list[str]:
    """The remedies of a message."""
    return [line.partition("help: ")[2] for line in stderr.splitlines() if line.lstrip().startswith("help: ")]


def check(tool: Tool, folder: Path, lines: str, before: tuple[str, ...], **hosts: str) -> tuple[int, str]:
    path = folder / "remedy.scn"
    path.write_text(scene(*before, *lines.split("\n"), **hosts))
    result = tool.run("check", path)
    return result.returncode, result.stderr


@pytest.mark.parametrize(("refused", "said", "written"), OF_RESULTS)
def test_remedy(tool: Tool, tmp_path: Path, refused: str, said: str, written: str) -> None:
    """Refused with this remedy alone, and accepted when it is followed."""
    status, stderr = check(tool, tmp_path, refused, OPENED)
    assert status == USAGE
    assert [said in text for text in helps(stderr)] == [True], stderr
    assert said in written
    assert check(tool, tmp_path, written, OPENED) == (PASSED, "")
