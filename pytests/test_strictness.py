"""Expectations that look as if they could not fail."""
from __future__ import annotations

from pathlib import Path

import pytest

from toolkit import FAILED, PASSED, Tool, scene

ESTABLISHED = "establish client to server:8080"


@pytest.mark.parametrize(("lines", "said"), [
    # The very first SYN repeats nothing.
    (["client: connect server:8080", "expect SYN from client again"], "the first"),
    # What was on the wire before our packet cannot be its answer.
    ([ESTABLISHED, 'client: write "x" -> 1', 'send PSH-ACK from server data "q"',
      'expect PSH-ACK from client data "x" ack 1 within 1s'], "too early"),
    # O_RDONLY is no bit: a socket is O_RDWR.
    (["client: socket", "client: fcntl F_GETFL -> O_RDONLY"], "O_RDWR"),
    # The four bits beside the data offset are flags, too, and said in the headline.
    (["client: connect server:8080", "expect SYN from client reserved 1"], "expected SYN-AE from client, saw SYN"),
    ([ESTABLISHED, 'client: write "x" -> 1', "expect DATA from client reserved 4"], "PSH-ACK-0x400"),
    # The time of a question is over before it is asked, or it cannot be asked at all.
    ([ESTABLISHED, "wait 1s", "client: state -> ESTABLISHED at 500ms"], "the question came"),
    ([ESTABLISHED, "wait 1s", "wait 1s", "client: state -> ESTABLISHED at 1s"], "too late"),
    ([ESTABLISHED, "client: close", "expect FIN-ACK from client", "client: error -> != 0"], "EBADF"),
    # A call that was only started is an event when it is: what finishes it later is no event of a line.
    (["client: listen 8080", "wait 300ms", "client: getsockname -> any:8080 after 300ms"], "too early"),
    # What MSG_TRUNC counts nobody has read.
    ([ESTABLISHED, 'send PSH-ACK from server data "hello"', "expect ACK from client", 'client: read -> "hello"',
      'send PSH-ACK from server data "world"', "expect ACK from client", 'client: recv 5 flags MSG_TRUNC -> "world"'],
     "returned 5"),
    # However long it takes to get a call ready: that is nobody else's fault.
    ([ESTABLISHED, "ignore packets", "client: write 100000000 bytes -> 100000000"], "has not returned"),
])
def test_fails_at_its_last_line(tool: Tool, tmp_path: Path, lines: list[str], said: str) -> None:
    """Each of them passes when its last line is right; see the scenarios."""
    path = tmp_path / "strict.scn"
    path.write_text(scene(*lines))
    result = tool.run("run", "--ip", "4", "--replays", "9", "--color", "never", path)
    assert result.returncode == FAILED, result.stdout
    assert f"strict.scn:{len(path.read_text().splitlines())}:" in result.stdout
    assert said in result.stdout


@pytest.mark.alone  # the engine must not be kept from running while it asks
def test_who_has_ended_gets_no_signal(tool: Tool, tmp_path: Path) -> None:
    """Also if nobody has heard of the end yet, for no line waits that long. On a busy machine it takes more lines until
    there is an end at all."""
    path = tmp_path / "ended.scn"
    for questions in (400, 4_000, 40_000):
        path.write_text(scene("client: run \"sh -c 'exit 3'\"", *["client: sockets"] * questions, "client: kill SIGTERM"),
                        encoding="utf-8")
        result = tool.run("run", "-q", "--ip", "4", "--replays", "9", "--color", "never", path)
        if result.returncode != PASSED:
            break
    assert result.returncode == FAILED, result.stdout
    told = "sh exited with 3" in result.stdout  # somebody has heard of the end before the signal's turn came
    assert told or "sh has exited (3) before it was sent the signal" in result.stdout
