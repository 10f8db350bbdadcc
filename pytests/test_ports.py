"""A kernel may choose the ports of a connection that is over for the next one."""
from __future__ import annotations

from pathlib import Path

import pytest

from toolkit import PASSED, Tool, scene

AGAIN = [
    "client: socket as first", "client: bind client:5000 on first", "client: connect server:8080 on first",
    "expect SYN from client", "send SYN-ACK from server", "expect ACK from client", "client: -> ok",
    "send RST from server", "client: close on first -> ok",
    "client: socket as again", "client: bind client:5000 on again", "client: connect server:8080 on again",
    "expect SYN from client on second", "send SYN-ACK from server on second", "expect ACK from client on second",
    "client: -> ok", 'client: write "x" on again -> 1', "expect PSH-ACK from client on second",
    "send ACK from server on second",
]


@pytest.mark.parametrize("ip", ["4", "6"])
def test_the_same_ports_again(tool: Tool, tmp_path: Path, ip: str) -> None:
    """Its SYN begins the connection that a line names."""
    path = tmp_path / "again.scn"
    path.write_text(scene(*AGAIN))
    result = tool.run("run", "--ip", ip, "--color", "never", path)
    assert result.returncode == PASSED, result.stdout
