"""The record that `run --json` writes: one JSON object a line, complete, ordered, and free of contradictions.

Times are whole nanoseconds; bytes are hexadecimal.
"""
from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Any

import pytest

from toolkit import FAILED, Record, Tool, needs_guests, scene, shipped

FAST = 1.0  # seconds of waiting in the scenarios that are played here

# What every record has, and of which type; None: may be null.
RECORD = {
    "version": int, "scenario": str, "title": str, "variant": str, "ip": str, "bindings": dict, "rfcs": list,
    "tags": list, "hosts": list, "verdict": str, "reason": (str, type(None)), "begin_ns": int, "duration_ns": int,
    "events": list, "failure": (dict, type(None)), "capture": (str, type(None)),
}
# What an event of each kind has besides `event` and `time_ns`.
EVENTS = {
    "ready": {}, "begin": {}, "wait": {}, "wire": {"line": int}, "end": {"frames_lost": int, "kept_ns": int, "unrecorded": int},
    "packet": {"from": (str, type(None)), "fate": str, "packet": dict, "bytes": str},
    "call": {"host": str, "caller": str, "call": str, "text": str, "args": dict, "line": int},
    "result": {"host": str, "caller": str, "call": str, "started_ns": int, "ret": int, "sigpipe": bool,
               "result": str},
    "ask": {"host": str, "question": str, "answer": str, "number": int, "line": int},
    "program": {"host": str, "serial": int, "what": str}, "checked": {"serial": int, "line": int},
    "failure": {"message": str, "rows": list, "notes": list, "line": int, "column": int},
}
PACKET = {"class": str, "frame_len": int, "eth_src": str, "eth_dst": str}
KEPT = 128  # bytes of a frame that a rule lets pass after a thousand others
TCP = {"src": str, "dst": str, "sport": int, "dport": int, "seq": int, "ack": int, "flags": str, "flags_bits": int,
       "win": int, "checksum_ok": bool, "options": list, "len": int, "payload": dict}


def check_fields(thing: dict[str, Any], fields: dict[str, Any]) -> None:
    """The fields are there, and of the right types."""
    for name, kind in fields.items():
        assert name in thing, f"no {name} in {thing}"
        assert isinstance(thing[name], kind), f"{name} is {thing[name]!r}"
        assert kind is not int or not isinstance(thing[name], bool)


def check_packet(event: dict[str, Any]) -> None:
    """The fields agree with the bytes of the frame."""
    packet, frame = event["packet"], bytes.fromhex(event["bytes"])
    check_fields(packet, PACKET)
    whole = packet["frame_len"] == len(frame)
    assert whole or (event["fate"] == "ignored" and len(frame) == KEPT < packet["frame_len"])
    assert frame[:6].hex(":") == packet["eth_dst"] and frame[6:12].hex(":") == packet["eth_src"]
    if packet["class"] != "tcp":
        return
    check_fields(packet, TCP)
    for address in (packet["src"], packet["dst"]):
        assert ipaddress.ip_address(address).packed in frame
        assert ipaddress.ip_address(address).version == packet["ip"]
    payload = bytes.fromhex(packet["payload"]["hex"])
    assert len(payload) == packet["payload"]["len"] <= packet["len"]
    assert not whole or len(payload) == packet["len"]
    assert payload in frame
    assert payload.decode(errors="replace") == packet["payload"].get("text", payload.decode(errors="replace"))


def check_order(events: list[dict[str, Any]]) -> None:
    """ready, begin, what happened, end; each caller's calls and results alternate; packets go on in time.

    Those of one host, that is, and what is forged in its name apart: what two hosts send is told in the order of the
    lines that speak of it. Packets that are delivered were told before.
    """
    kinds = [event["event"] for event in events]
    assert kinds[:2] == ["ready", "begin"] and kinds[-1] == "end"
    assert all(kinds.count(once) == 1 for once in ("ready", "begin", "end"))
    assert events[1]["time_ns"] == 0 and events[-1]["time_ns"] == max(event["time_ns"] for event in events)
    streams: dict[tuple[str | None, bool], list[int]] = {}
    for event in events:
        if event["event"] == "packet" and event["fate"] != "delivered":
            streams.setdefault((event["from"], event["fate"] == "sent"), []).append(event["time_ns"])
    assert all(times == sorted(times) for times in streams.values())
    for caller in {event["caller"] for event in events if "caller" in event}:
        own = [event for event in events if event.get("caller") == caller]
        assert [event["event"] for event in own] == (["call", "result"] * len(own))[:len(own)]
        times = [event["time_ns"] for event in own]
        assert times == sorted(times)


def check_record(record: Record) -> None:
    """Everything above for one record."""
    check_fields(record, RECORD)
    assert record["version"] == 1
    for event in record["events"]:
        check_fields(event, {"event": str, "time_ns": int, **EVENTS[event["event"]]})
        if event["event"] == "packet":
            check_packet(event)
        if "errno" in event:
            assert event["ret"] == -1 and re.fullmatch(r"E[A-Z0-9]+", event["errno"])
    if record["verdict"] in ("passed", "failed"):
        check_order(record["events"])
        assert record["events"][-1]["time_ns"] == record["duration_ns"]
        assert record["events"][-1]["kept_ns"] <= record["duration_ns"]
    assert (record["failure"] is not None) == (record["verdict"] == "failed")
    assert (record["reason"] is not None) == (record["verdict"] in ("skipped", "error"))


def name_of(record: Record) -> str:
    """As `list` names the variant."""
    return f"{record['scenario']}[{record['variant']}]"


@pytest.mark.estimate(5)
@pytest.mark.parametrize("time, jobs, longest", [
    ("real", 8, FAST), pytest.param("virtual", 2, float("inf"), marks=needs_guests)], ids=["real", "virtual"])
def test_records(tool: Tool, time: str, jobs: int, longest: float) -> None:
    """All fast shipped scenarios, in virtual time all: one sound record for each variant, in the order of `list`."""
    scenarios = sorted({variant.scenario for variant in shipped(tool, longest)})
    listed = tool.variants(*scenarios)
    result, records = tool.play("-q", "-j", str(jobs), "--time", time, *scenarios, timeout=300)
    assert [name_of(record) for record in records] == [variant.id for variant in listed], result.stderr
    assert [record["tags"] for record in records] == [list(variant.tags) for variant in listed]
    for record in records:
        try:
            check_record(record)
        except AssertionError as error:
            raise AssertionError(f"{name_of(record)}: {error}") from error


def test_failure(tool: Tool, tmp_path: Path) -> None:
    """A failure says where, what was expected and what was seen."""
    path = tmp_path / "wrong.scn"
    path.write_text(scene("client: connect server:8080", "expect SYN from client",
                          "send SYN-ACK from server", "expect RST from client ack 7"))
    result, records = tool.play("--ip", "4", path)
    assert result.returncode == FAILED
    check_record(records[0])
    failure = records[0]["failure"]
    assert (failure["line"], failure["column"]) == (7, 8)
    assert {"field": "flags", "expected": "RST", "saw": "ACK"} in failure["rows"]
    assert "expected RST from client, saw ACK" in failure["message"]


def test_bytes_that_are_no_text(tool: Tool, tmp_path: Path) -> None:
    """Payloads of any bytes: hexadecimal always, as text only if they are UTF-8; titles may need escapes."""
    path = tmp_path / "bytes.scn"
    path.write_text(scene("establish client to server:8080", "send DATA from server data hex ff 00 22",
                          "expect ACK from client", "client: read -> hex ff 00 22",
                          title='quotes \\" and \\\\ and é'), encoding="utf-8")
    result, records = tool.play("--ip", "6", path)
    assert result.returncode == 0, result.stderr
    check_record(records[0])
    assert records[0]["title"] == 'quotes " and \\ and é'
    reads = [event for event in records[0]["events"] if event["event"] == "result" and event["call"] == "read"]
    assert reads[0]["data"] == {"len": 3, "hex": "ff0022"}
