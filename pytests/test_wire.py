"""The wire between two kernels: what must not pass, what must not cost much, whose captures are whose."""
from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

from toolkit import FAILED, PASSED, Record, Tool, run, scene

SEGMENT = 500             # bytes, so that not many bytes make many packets
FLOOD = 60_000_000        # bytes: 120,000 segments, and their acknowledgements
MEMORY = 1 << 30          # bytes that the largest process of a flood may use
SECONDS = 90.0


# ---- what must fail, and where (the first of the lines is line 7) ----

ONE = 'client: write "one" -> 3'
HELD = 'hold DATA from client data "one" as late'


@pytest.mark.parametrize(("line", "said", "lines"), [
    # Fates in another order: the first segment came first.
    (9, "in data", [ONE, 'client: write "two" -> 3', 'expect DATA from client data "two"', 'drop DATA from client']),
    # A fate that another segment has.
    (8, "in len", ["client: write 2 bytes -> 2", "drop PSH-ACK from client len 1", "expect ACK from server"]),
    # What is held has not arrived: nobody acknowledges it, and nobody reads it.
    (9, "expected ACK from server, saw PSH-ACK", [ONE, HELD, "expect ACK from server", "release late"]),
    (9, "has not returned", [ONE, HELD, 'server: read -> "one"', "release late", "expect ACK from server"]),
    # Released too late: the sender's timer has been faster.
    (9, "no line expects", [ONE, HELD, "wait 400ms", "release late", "expect ACK from server"]),
    # A rule that covers nothing of what comes, and one that has ended: the packet is no less unexpected.
    (9, "no line expects", ["drop all DATA from server", ONE, "wait 20ms"]),
    (9, "no line expects", ["ignore 2nd DATA from client", ONE, "wait 20ms"]),
    (10, "no line expects", ["ignore packets", "end rule", ONE, "wait 20ms"]),
    # What is lost or spoilt is not read, what is delayed is not there before its time, what comes twice comes twice.
    (9, "has not returned", ["drop 1st DATA from client", ONE, 'server: read -> "one" within 50ms']),
    (9, "has not returned", [ONE, "corrupt DATA from client", 'server: read -> "one" within 50ms']),
    (9, "too late", [ONE, "delay DATA from client by 100ms", "expect ACK from server within 50ms"]),
    (10, "no line expects", [ONE, "duplicate DATA from client", "expect ACK from server", "wait 50ms"]),
    # A rule of one packet, or an armed one, that is about a packet that does not come.
    (7, "there was no 2nd packet like this: only 1 came",
     ["drop 2nd DATA from client", ONE, "expect DATA from client", "expect ACK from server"]),
    (7, "this line has done nothing",
     ["inject RST from server after 5th DATA from server", ONE, "expect DATA from client", "expect ACK from server"]),
    (7, "there was no 3rd packet like this: only 2 came",
     ["corrupt 3rd DATA from client", ONE, "drop DATA from client", "expect DATA from client again", "expect ACK from server"]),
    # Nothing comes through a cut.
    (10, "nothing came within", ["cut wire", ONE, "expect DATA from client", "expect ACK from server"]),
])
def test_must_fail(tool: Tool, tmp_path: Path, line: int, said: str, lines: list[str]) -> None:
    """At that line, and in those words."""
    path = tmp_path / "must_fail.scn"
    path.write_text(scene("ip 4", "patience 300ms", "establish client to server:8080", *lines, server="kernel"),
                    encoding="utf-8")
    result, records = tool.play("--replays", "9", path)
    assert result.returncode == FAILED, result.stderr
    assert records[0]["failure"]["line"] == line, result.stderr
    assert said in result.stderr


# ---- what rules let pass, what is kept ----

def packets(record: Record) -> list[dict[str, Any]]:
    """In the order of their times: what a rule lets pass is recorded when a line has come to it."""
    return sorted((event for event in record["events"] if event["event"] == "packet"),
                  key=lambda event: event["time_ns"])


IGNORED = ["ip 4", "server: listen 8080", "ignore 1st SYN", "ignore 1st SYN-ACK", "client: connect server:8080"]
BEGUN = [*IGNORED, "expect ACK from client seq 1 ack 1", "client: -> ok", ONE, "expect PSH-ACK from client seq 1 ack 1"]


@pytest.mark.parametrize(("said", "lines"), [
    ("", [*BEGUN, "expect ACK from server ack 4"]),
    ("", [*BEGUN, "drop ACK from server", "expect PSH-ACK from client again", "expect ACK from server"]),
    ("differs from what is expected in ack", [*BEGUN, "expect ACK from server ack 5"]),
    # The first was ignored, what comes now is no first.
    ("", ["ip 4", "server: listen 8080", "drop 1st SYN from client", "client: connect server:8080",
          "expect SYN from client again", "expect SYN-ACK from server", "expect ACK from client"]),
    ("in again", ["ip 4", "server: listen 8080", "client: connect server:8080", "expect SYN from client again"]),
])
def test_lines_know_what_rules_let_pass(tool: Tool, tmp_path: Path, said: str, lines: list[str]) -> None:
    """A connection whose first packets only rules have spoken of has its numbers from them."""
    path = tmp_path / "ignored.scn"
    path.write_text(scene(*lines, server="kernel"), encoding="utf-8")
    result, records = tool.play(path)
    assert result.returncode == (FAILED if said else PASSED), result.stderr
    if said:
        assert said in result.stderr
        assert records[0]["failure"]["line"] == 3 + len(lines)


def test_numbers_of_what_no_line_speaks_of(tool: Tool, tmp_path: Path) -> None:
    """They are relative all the same."""
    path = tmp_path / "ignored.scn"
    path.write_text(scene("ip 4", "server: listen 8080", "ignore packets", "delay 1st DATA from client by 10ms",
                          "client: connect server:8080 -> ok", ONE, "server: accept", 'server: read -> "one"',
                          server="kernel"), encoding="utf-8")
    result, records = tool.play(path)
    assert result.returncode == PASSED, result.stderr
    numbers = [(packet["seq"], packet.get("ack")) for packet in packets(records[0])]
    assert numbers[:4] == [(0, None), (0, 1), (1, 1), (1, 1)]
    assert [packet["seq"] for packet in packets(records[0]) if packet["fate"] == "delivered"] == [1]


@pytest.mark.parametrize("lines", [
    ["hold DATA from client as late", "wait 10ms", "release late", "expect ACK from server"],
    ["delay DATA from client by 10ms", "expect ACK from server"],
])
def test_what_was_kept_comes_before_its_answer(tool: Tool, tmp_path: Path, lines: list[str]) -> None:
    """It has the time at which it was on the other host's wire."""
    path = tmp_path / "kept.scn"
    path.write_text(scene("ip 4", "establish client to server:8080", ONE, *lines, server="kernel"), encoding="utf-8")
    result, records = tool.play(path)
    assert result.returncode == PASSED, result.stderr
    delivered = next(packet for packet in packets(records[0]) if packet["fate"] == "delivered")
    answer = packets(records[0])[-1]
    assert (delivered["seq"], delivered["ack"]) == (1, 1)
    assert delivered["time_ns"] < answer["time_ns"] and answer["ack"] == 4


def test_nothing_is_released_into_a_cut(tool: Tool, tmp_path: Path) -> None:
    """It is lost, and nobody says that it has arrived."""
    path = tmp_path / "cut.scn"
    path.write_text(scene("ip 4", "establish client to server:8080", ONE, HELD, "cut wire", "release late", "wait 10ms",
                          "server: readable -> no", server="kernel"), encoding="utf-8")
    result, records = tool.play(path)
    assert result.returncode == PASSED, result.stderr
    assert [packet["fate"] for packet in packets(records[0])][-1] == "lost"


# ---- a hundred thousand packets ----


@pytest.mark.estimate(10)
def test_flood(tool: Tool, tmp_path: Path) -> None:
    """Under `ignore packets`: counted, told in part, and neither memory nor time goes with their number."""
    path = tmp_path / "flood.scn"
    path.write_text(scene(
        "ip 4", "patience 60s", "client: socket", f"client: setsockopt TCP_MAXSEG {SEGMENT} -> ok",
        "establish client to server:8080", "ignore packets", f"server/reader: recv {FLOOD} flags MSG_WAITALL",
        f"client/writer: write {FLOOD} bytes", f"server/reader: -> {FLOOD}", f"client/writer: -> {FLOOD}",
        server="kernel"), encoding="utf-8")
    report, begin = tmp_path / "report.json", time.monotonic()
    measure = ("import resource, subprocess, sys; status = subprocess.run(sys.argv[1:]).returncode; "
               "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(status)")
    result = run([sys.executable, "-c", measure, *tool.command("run", "-q", "--json", report, path)], timeout=SECONDS)
    assert result.returncode == PASSED, result.stdout + result.stderr
    assert time.monotonic() - begin < SECONDS
    assert int(result.stdout.split()[-1]) * 1024 < MEMORY
    text = report.read_text(encoding="utf-8")
    assert text.count('"event":"packet"') + int(text.rpartition('"unrecorded":')[2].split("}")[0]) > 100_000
    assert report.stat().st_size < 64 << 20


# ---- names ----

def test_same_name_in_two_folders(tool: Tool, tmp_path: Path) -> None:
    """Two scenarios of one name: two records, two captures, each its own."""
    captures = tmp_path / "captures"
    for folder, port in (("a", 8081), ("b", 8082)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.scn").write_text(
            scene("ip 4", f"establish client to server:{port}", title=folder, server="kernel"), encoding="utf-8")
    result, records = tool.play("-j", "2", "--captures", captures, "a", "b", cwd=tmp_path)
    assert result.returncode == PASSED, result.stderr
    assert [(record["scenario"], record["title"]) for record in records] == [("a/same.scn", "a"), ("b/same.scn", "b")]
    for record, port in zip(records, (8081, 8082), strict=True):
        assert {8081, 8082} & {event["packet"]["dport"] for event in record["events"]
                               if event["event"] == "packet"} == {port}
    assert len({record["capture"] for record in records}) == len(list(captures.iterdir())) == 2
