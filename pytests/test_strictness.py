"""Expectations that look as if they could not fail."""
from __future__ import annotations

from pathlib import Path

import pytest

from toolkit import FAILED, Tool, scene

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
])
def test_fails_at_its_last_line(tool: Tool, tmp_path: Path, lines: list[str], said: str) -> None:
    """Each of them passes when its last line is right; see the scenarios."""
    path = tmp_path / "strict.scn"
    path.write_text(scene(*lines))
    result = tool.run("run", "--ip", "4", "--replays", "9", "--color", "never", path)
    assert result.returncode == FAILED, result.stdout
    assert f"strict.scn:{len(path.read_text().splitlines())}:" in result.stdout
    assert said in result.stdout
