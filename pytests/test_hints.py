"""What a failure says besides what differs: the hints that lead on."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

from toolkit import FAILED, PASSED, Tool, scene

KEEPALIVE = ("client: socket", "client: setsockopt SO_KEEPALIVE 1 -> ok", "client: setsockopt TCP_KEEPIDLE 1 -> ok",
             "client: setsockopt TCP_KEEPINTVL 1 -> ok", "establish client to server:8080",
             'client: write "one" -> 3', "expect PSH-ACK from client", "send ACK from server")
HINT = "it looks like a keepalive or window probe: write 'seq next-1'"


def test_probes_are_no_retransmissions(tool: Tool, tmp_path: Path) -> None:
    """`again` after data means the data; a probe that comes instead says how it is written."""
    path = tmp_path / "probe.scn"
    path.write_text(scene(*KEEPALIVE, "expect ACK from client again 2 times every 1s"))
    result = tool.run("run", "--replays", "9", "--color", "never", "--ip", "4", path)
    assert result.returncode == FAILED, result.stdout
    assert HINT in result.stdout


def test_the_hint_is_right(tool: Tool, tmp_path: Path) -> None:
    """Written like that, they are expected."""
    path = tmp_path / "probe.scn"
    path.write_text(scene(*KEEPALIVE, "expect ACK from client seq next-1 again 2 times every 1s"))
    result = tool.run("run", "--color", "never", "--ip", "4", path)
    assert result.returncode == PASSED, result.stdout


IN_FLIGHT = ("establish client to server:8080 options mss 1460, sackok", "client: write 2000 bytes -> 2000",
             "expect DATA from client len 1460", "expect DATA from client len 540",
             "expect DATA from client again within 150ms")


def test_again_is_the_last_segment(tool: Tool, tmp_path: Path) -> None:
    """Of two in flight, `again` alone is the last (a tail loss probe); what a timeout repeats has a number and a length."""
    path = tmp_path / "again.scn"
    path.write_text(scene(*IN_FLIGHT, "expect DATA from client seq 1 len 1460 again"))
    result = tool.run("run", "--replays", "9", "--color", "never", "--ip", "4", path)
    assert result.returncode == PASSED, result.stdout
    path.write_text(scene(*IN_FLIGHT, "expect DATA from client again"))
    result = tool.run("run", "--replays", "9", "--color", "never", "--ip", "4", path)
    assert result.returncode == FAILED, result.stdout
    assert re.search(r"differs from what is expected in seq and len", result.stdout)


def test_no_hint_where_it_is_wrong(tool: Tool, tmp_path: Path) -> None:
    """An ACK that is not taken for a retransmission is none of a probe's."""
    path = tmp_path / "ack.scn"
    path.write_text(scene(*KEEPALIVE, "expect ACK from client ack 7"))
    result = tool.run("run", "--replays", "9", "--color", "never", "--ip", "4", path)
    assert result.returncode == FAILED, result.stdout
    assert HINT not in result.stdout


def test_a_first_answer_is_in_time(tool: Tool, tmp_path: Path) -> None:
    """What is right when it is asked first is right `within` any time: since when, nobody knows."""
    path = tmp_path / "within.scn"
    path.write_text(scene("establish client to server:8080", "client: state -> ESTABLISHED within 1ns"))
    result = tool.run("run", "--color", "never", "--ip", "4", path)
    assert result.returncode == PASSED, result.stdout


def test_a_later_answer_is_not(tool: Tool, tmp_path: Path) -> None:
    """`within` ends the asking: what becomes right after that is a failure."""
    path = tmp_path / "within.scn"
    path.write_text(scene("establish client to server:8080", "client/reader: read", "client: readable -> yes within 50ms"))
    result = tool.run("run", "--replays", "9", "--color", "never", "--ip", "4", path)
    assert result.returncode == FAILED, result.stdout
    assert "readable of client is no, expected yes" in result.stdout


def test_what_waits_at_the_wire_is_told(tool: Tool, tmp_path: Path) -> None:
    """Whoever waits for a call above the line that lets its packet go is told of that packet, and what to write."""
    path = tmp_path / "above.scn"
    path.write_text(scene("patience 300ms", "client: connect server:8080 -> ok", "expect SYN from client"))
    result = tool.run("run", "--replays", "9", "--color", "never", "--ip", "4", path)
    assert result.returncode == FAILED, result.stdout
    assert "above.scn:5:1: error: connect server:8080 (line 5) has not returned within " in result.stdout
    assert re.search(r"SYN from client seq 0 len 0 has waited for .*: no line has spoken of it yet", result.stdout)
    assert "write the call without '->', and its answer where it is due" in result.stdout


def test_where_written_as_told(tool: Tool, tmp_path: Path) -> None:
    """… and then it passes."""
    path = tmp_path / "below.scn"
    path.write_text(scene("client: connect server:8080", "expect SYN from client", "send SYN-ACK from server",
                          "expect ACK from client", "client: -> ok"))
    assert tool.run("run", "--ip", "4", path).returncode == PASSED


ESTABLISHED = "establish client to server:8080"
WRITE = 'client: write "abc" -> 3'


@pytest.mark.parametrize(("hint", "lines"), [
    # A call of the same caller that has not returned.
    ("line 8 waits for it: a caller makes one call after the other; another caller is 'client/NAME: …'",
     [ESTABLISHED, "client: read", WRITE]),
    # A segment that a connection does not even look at.
    ("line 7 sends a segment without ACK, which a connection drops in silence",
     [ESTABLISHED, "send FIN from server", "expect ACK from client"]),
    # Not the last segment of what was written.
    ("'DATA' is a segment with data, with and without PSH",
     [ESTABLISHED, "client: write 3000 bytes -> 3000", "expect PSH-ACK from client len 1460"]),
    ("a line for it says 'seq 1 again'", [ESTABLISHED, WRITE, "expect PSH-ACK from client", "expect ACK from client"]),
    # No line above that of the call could have waited for it.
    ("FIN-ACK from client, which no line expects, came while the call of line 7 ran",
     [ESTABLISHED, "client: close -> ok", "wait 50ms"]),
    ("before the end of line 7", [ESTABLISHED, "client: close -> ok", "wait 50ms"]),
    # What waits is told by its numbers.
    ("PSH-ACK from client seq 1 len 3 has waited for ", [ESTABLISHED, WRITE, "client: read -> 0 within 50ms"]),
    # Somebody listens, elsewhere.
    ("who listens: LISTEN 0 128 any:9090 ", ["server: listen 9090 -> ok", "server: listening -> 8080"]),
])
def test_hints(tool: Tool, tmp_path: Path, hint: str, lines: list[str]) -> None:
    """Below what differs."""
    path = tmp_path / "hint.scn"
    kernels = {"client": "crafted", "server": "kernel"} if hint.startswith("who") else {}
    path.write_text(scene("ip 4", "patience 300ms", *lines, **kernels), encoding="utf-8")
    result = tool.run("run", "--replays", "9", "--color", "never", path)
    assert result.returncode == FAILED, result.stdout
    assert hint in result.stdout


def test_when_an_unexpected_packet_came(tool: Tool, tmp_path: Path) -> None:
    """Before the last line is not after it."""
    path = tmp_path / "before.scn"
    path.write_text(scene("client: connect server:8080", "expect SYN from client", "send SYN-ACK from server",
                          "client: -> ok", "client: state -> ESTABLISHED"))
    result = tool.run("run", "--replays", "9", "--color", "never", "--ip", "4", path)
    assert result.returncode == FAILED, result.stdout
    assert "ACK from client, which no line expects, came before line 8" in result.stdout
