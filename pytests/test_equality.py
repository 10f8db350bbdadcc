"""The guest's kernel does what the running one does: the same verdicts, and the same packets in the same order.

Times are not compared. What differs for a reason is written here, or in the scenario (`kernel >= …`).
"""
from __future__ import annotations

import operator
import re
from collections.abc import Iterator

import pytest

from toolkit import ROOT, Record, Tool, needs_guests, shipped

pytestmark = needs_guests

# Two kernels' timers end in the same moment, and in real time either may be first: each one's packets are compared.
EITHER_FIRST = {"scenarios/loss/lost_synack.scn"}

# A receive buffer is filled, and how much fits depends on how the bytes lie in pages: their numbers are not compared.
FILLS_A_BUFFER = {"scenarios/loss/lost_window_update.scn"}

COMPARE = {"==": operator.eq, "!=": operator.ne, ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
SHORT, LONG = 5.0, 200.0  # seconds of waiting; the long ones with --slow
FIELDS = ("from", "fate", "seq", "ack")


def version(text: str) -> tuple[int, int]:
    """(6, 12) of "6.12.117"; (6, 0) of "6"."""
    numbers = re.findall(r"\d+", text) + ["0"]
    return int(numbers[0]), int(numbers[1])


def branches(record: Record) -> list[bool]:
    """Which of the scenario's `kernel` blocks and needs hold on the kernel that played it."""
    text = (ROOT / record["scenario"]).read_text(encoding="utf-8")
    return [COMPARE[sign](version(record["release"]), version(number))
            for sign, number in re.findall(r"^\s*(?:needs\s+)?kernel\s+(==|!=|>=|<=|>|<)\s*([\d.]+)", text, re.MULTILINE)]


def packets(record: Record) -> Iterator[tuple]:
    """Each packet that a line speaks of. What a rule ignores is a bulk transfer, cut up as it comes; whether a segment of
    data has PSH depends on the pages its bytes were copied to, and `DATA` in a scenario allows both."""
    for event in record["events"]:
        if event["event"] != "packet" or event["fate"] == "ignored":
            continue
        packet = event["packet"]
        flags = set(packet.get("flags", "").split("-")) - ({"PSH"} if packet.get("len") else set())
        yield (*(event.get(field) for field in FIELDS), packet["class"], "-".join(sorted(flags)), packet.get("len"))


def in_order(record: Record) -> list[tuple]:
    """The packets, as far as they are compared."""
    rows = list(packets(record))
    if record["scenario"] in FILLS_A_BUFFER:
        rows = [(sender, fate, what, flags) for sender, fate, _, _, what, flags, _ in rows]
    return sorted(rows, key=lambda row: str(row[0])) if record["scenario"] in EITHER_FIRST else rows


def difference(real: Record, virtual: Record) -> str | None:
    """What nobody has written that it may differ."""
    if branches(real) != branches(virtual):
        return None
    if real["verdict"] != virtual["verdict"]:
        return f"{real['verdict']} in real time, {virtual['verdict']} in virtual time: {virtual['reason'] or real['reason']}"
    for number, (one, two) in enumerate(zip(in_order(real), in_order(virtual))):
        if one != two:
            return f"packet {number}: {one} in real time, {two} in virtual time"
    counts = len(in_order(real)), len(in_order(virtual))
    return None if counts[0] == counts[1] else f"{counts[0]} packets in real time, {counts[1]} in virtual time"


def play(tool: Tool, *args: str) -> dict[str, Record]:
    """The records by variant."""
    _, records = tool.play("-q", *args, timeout=1200)
    return {f"{record['scenario']}[{record['variant']}]": record for record in records}


@pytest.mark.estimate(60)
def test_the_same_on_both(tool: Tool, request: pytest.FixtureRequest) -> None:
    """Each scenario that is played in both kinds of time."""
    longest = LONG if request.config.getoption("slow") else SHORT
    chosen = shipped(tool, longest)
    paths = sorted({variant.scenario for variant in chosen})
    # A machine that is too busy shows nothing: again, until it does.
    real, virtual = play(tool, "-j", "8", "--replays", "100", *paths), play(tool, "--time", "virtual", *paths)
    assert real.keys() == virtual.keys() and real.keys() >= {variant.id for variant in chosen}
    found = {name: difference(real[name], virtual[name]) for name in real}
    assert not any(found.values()), "\n".join(f"{name}: {what}" for name, what in found.items() if what)


@pytest.mark.parametrize(("change", "said"), [
    ({"verdict": "failed"}, "passed in real time, failed"),
    ({"fate": "dropped"}, "packet 0"),
    ({"len": 1}, "packet 0"),
    ({"events": []}, "1 packets in real time, 0"),
    ({"release": "6.5.0"}, None),     # another branch is played there
    ({"time_ns": 7}, None),
])
def test_differences_are_told(change: dict[str, object], said: str | None) -> None:
    """Of a record that is no other, none is."""
    def record(**changed: object) -> Record:
        packet = {"class": "tcp", "flags": "SYN", "len": changed.get("len", 0)}
        event = {"event": "packet", "from": "client", "fate": changed.get("fate", "expected"), "seq": 0, "ack": 0,
                 "time_ns": changed.get("time_ns", 5), "packet": packet}
        return {"scenario": "scenarios/setup/syn_retransmit_timeout.scn", "variant": "4", "reason": None,
                "verdict": changed.get("verdict", "passed"), "release": changed.get("release", "6.1.0"),
                "events": changed.get("events", [event])}

    assert difference(record(), record()) is None
    told = difference(record(), record(**change))
    assert (said is None and told is None) or (said is not None and told is not None and said in told)
