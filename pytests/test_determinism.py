"""In virtual time a scenario does the same in every run, to the nanosecond."""
from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from toolkit import PASSED, Record, Tool, needs_guests, scene

pytestmark = needs_guests

# What the kernel draws by lot, and what is reckoned from it. Relative numbers (`seq` and `ack` of an event) are compared.
DRAWN = {
    "packet": {"seq", "ack", "sport", "dport", "checksum", "id", "flowlabel", "options_text", "about_seq", "about_sport"},
    "option": {"numbers", "hex"},             # timestamps, cookies; see known_option()
    "event": {"bytes"},                       # the frame
    "socket": {"inode", "local", "remote"},
    "record": {"capture"},
}
FIXED_OPTIONS = ("mss", "wscale")

TELLING = {
    "SYN retransmission (C1)": ("scenarios/setup/syn_retransmit_timeout.scn", 20),
    "keepalive": ("scenarios/timers/keepalive_timeout.scn", 20),
    "two kernels with loss": ("scenarios/loss/sack_several_holes.scn", 20),
    "a program": ("scenarios/programs/dth_server.scn", 20),
    "a forged packet": ("scenarios/close/time_wait_assassinated.scn", 20),
    "all": ("scenarios", 3),
}


def without(record: Record, kind: str) -> Record:
    """The record less what is drawn by lot there."""
    return {name: value for name, value in record.items() if name not in DRAWN[kind]}


def known_option(option: Record) -> Record:
    """A TCP option; the numbers of SACK blocks count from the first of them."""
    if option["name"] in FIXED_OPTIONS:
        return option
    numbers = option.get("numbers", []) if option["name"] == "sack" else []
    return without(option, "option") | {"from_first": [(number - numbers[0]) % 2**32 for number in numbers]}


def known_packet(packet: Record) -> Record:
    """A packet; of its options the numbers that are no timestamps and no cookies."""
    return without(packet, "packet") | {"options": [known_option(option) for option in packet.get("options", [])]}


def known_event(event: Record) -> Record:
    """An event; an error queue quotes a packet, whose numbers are drawn by lot."""
    known = without(event, "event")
    if "packet" in known:
        known["packet"] = known_packet(known["packet"])
    if isinstance(known.get("socket"), dict):  # and not the name of one
        known["socket"] = without(known["socket"], "socket")
    if isinstance(known.get("args"), list):    # of a program's call: addresses in its memory
        known.pop("args")
    if "sockets" in known:
        known["sockets"] = [without(socket, "socket") for socket in known["sockets"]]
    if "queued" in str(known.get("result")):
        known["result"] = re.sub(r'"(?:[^"\\]|\\.)*"…?', '"…"', known["result"])
        known.pop("data", None)
    return known


def known(record: Record) -> Record:
    """All of a record that must be the same in each run; its times are in nanoseconds."""
    return without(record, "record") | {"events": [known_event(event) for event in record["events"]]}


def differences(one: Record, two: Record) -> Iterator[str]:
    """Where two records differ, an event a line."""
    for first, second in zip(one["events"], two["events"]):
        if first != second:
            yield f"line {first.get('line')}: {first}\n    {second}"
    rest = [{name: value for name, value in record.items() if name != "events"} for record in (one, two)]
    if rest[0] != rest[1] or len(one["events"]) != len(two["events"]):
        yield f"{len(one['events'])} and {len(two['events'])} events: {rest[0]}\n    {rest[1]}"


def play(tool: Tool, path: str | Path, jobs: int) -> dict[str, Record]:
    """What must be the same of each variant, by its name."""
    result, records = tool.play("--time", "virtual", "-q", "-j", str(jobs), path, timeout=300)
    assert result.returncode == PASSED, result.stderr
    return {f"{record['scenario']}[{record['variant']}]": known(record) for record in records}


@pytest.mark.estimate(60)
@pytest.mark.parametrize("what", TELLING)
def test_the_same_nanoseconds(tool: Tool, what: str) -> None:
    """Whatever else a guest has played before, and whoever plays beside it."""
    path, runs = TELLING[what]
    first = play(tool, path, 1)
    for number in range(1, runs):
        again = play(tool, path, 1 + number % 2)
        assert again.keys() == first.keys()
        for name, record in again.items():
            different = list(differences(first[name], record))
            assert not different, f"run {number + 1} of {name} differs from the first:\n" + "\n".join(different[:3])


@pytest.mark.parametrize("change", ["wait 10ms", "wait 10000001ns", "wait 11ms"])
def test_the_comparison_sees_a_nanosecond(tool: Tool, tmp_path: Path, change: str) -> None:
    """Two scenarios that differ by so much are told apart, and one is none from itself."""
    path = tmp_path / "waits.scn"
    records = []
    for wait in ("wait 10ms", change):
        path.write_text(scene("establish client to server:8080", wait, "send RST from server"))
        records.append(play(tool, path, 1)[f"{path}[4]"])
    assert bool(list(differences(*records))) == (change != "wait 10ms")
