"""The capture files that `run --captures` writes, read by other programs: tcpdump, and tshark with its tools.

Nobody finds anything to complain of, all see as many packets as the record has, at the same times, and every
checksum is right unless the scenario is about headers that are not. tshark takes a third of a second to start:
capinfos, which shares its file reader, looks at each capture; tshark sees them all in one file, end to end.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from toolkit import PASSED, ROOT, Record, Result, Tool, needs_guests, run, shipped

FAST = 1.0  # seconds of waiting in the scenarios that are played here
CHECKED = ("ip", "tcp", "icmp", "icmpv6")
VERIFY = [word for name in ("ip", "tcp") for word in ("-o", f"{name}.check_checksum:TRUE")]
BAD = "0"  # tshark's word for a checksum that is wrong, in the field NAME.checksum.status
OTHER_ZERO = "0xffff"  # where Linux computes 0 it writes this (CSUM_MANGLED_0): as good, though tshark objects
CHATTER = re.compile(r'Running as user "root"|^reading from file |^Warning: interface names might be incorrect')
SPOILERS = re.compile(r"^[^#]*\b(?:checksum|corrupt|offset|reserved)\b", re.MULTILINE)


@dataclass(frozen=True)
class Capture:
    """One capture file and the record it was drawn from."""

    path: Path
    record: Record

    @property
    def packets(self) -> list[Record]:
        """The packets it must hold, in this order: that of time, while the record's is that in which they were told."""
        packets = [event for event in self.record["events"] if event["event"] == "packet"]
        return sorted(packets, key=lambda event: event["time_ns"])

    @property
    def spoiled(self) -> bool:
        """The scenario makes headers that are wrong on purpose."""
        return SPOILERS.search((ROOT / self.record["scenario"]).read_text(encoding="utf-8")) is not None


@dataclass(frozen=True)
class Seen:
    """What tshark says of one packet."""

    time: int            # ns since the epoch
    comment: str
    statuses: frozenset[str]


def capture_all(tool: Tool, folder: Path, time: str, jobs: int) -> list[Capture]:
    """Of all shipped scenarios, those that pass; in real time, of the fast ones."""
    scenarios = sorted({variant.scenario for variant in shipped(tool, FAST if time == "real" else float("inf"))})
    _, records = tool.play("-q", "-j", str(jobs), "--time", time, "--captures", folder, *scenarios, timeout=300)
    return [Capture(Path(record["capture"]), record) for record in records if record["verdict"] == "passed"]


def complaints(result: Result) -> list[str]:
    """Lines of standard error that are not mere greetings, and a bad exit status."""
    lines = [line for line in result.stderr.splitlines() if line and not CHATTER.search(line)]
    return lines + ([f"exit status {result.returncode}"] if result.returncode != PASSED else [])


def tshark(path: Path) -> list[Seen]:
    """All packets of a file, with every checksum verified. Fails on any warning."""
    fields = ["frame.time_epoch", "frame.comment", "tcp.checksum", *(f"{name}.checksum.status" for name in CHECKED)]
    result = run(["tshark", "-r", str(path), *VERIFY, "-T", "fields", "-E", "separator=/t",
                  *(word for field in fields for word in ("-e", field))])
    assert not complaints(result), complaints(result)
    return [read_fields(line) for line in result.stdout.splitlines()]


def read_fields(line: str) -> Seen:
    """One line of tshark's output: the statuses of the packet's own checksums.

    An ICMP error quotes a packet, perhaps not all of it: the quoted IP header is a second value, and a TCP
    checksum is never the ICMP packet's own.
    """
    time, comment, checksum, *statuses = line.split("\t")
    own = {name: status.split(",")[0] for name, status in zip(CHECKED, statuses) if status}
    if "icmp" in own or "icmpv6" in own or checksum == OTHER_ZERO:
        own.pop("tcp", None)
    return Seen(int(time.replace(".", "")), comment, frozenset(own.values()))


def see_all(captures: list[Capture], together: Path) -> list[list[Seen]]:
    """What tshark sees of each capture, in one file with all of them that is made at `together`."""
    merged = run(["mergecap", "-a", "-w", str(together), *(str(capture.path) for capture in captures)])
    assert not complaints(merged), complaints(merged)
    packets = iter(tshark(together))
    shares = [list(islice(packets, len(capture.packets))) for capture in captures]
    assert next(packets, None) is None, "there are more packets in the files than in the records"
    return shares


def reading_problems(capture: Capture) -> Iterator[str]:
    """What capinfos and tcpdump say of one file."""
    count = run(["capinfos", "-T", "-r", "-m", "-c", str(capture.path)])
    dump = run(["tcpdump", "-nn", "-t", "-r", str(capture.path)])
    yield from complaints(count)
    yield from complaints(dump)
    if int(count.stdout.strip().rpartition(",")[2]) != len(capture.packets):
        yield f"capinfos: {count.stdout}, the record has {len(capture.packets)}"
    # What tcpdump cannot name it shows as indented lines of hexadecimal digits.
    packets = [line for line in dump.stdout.splitlines() if not line.startswith("\t")]
    if len(packets) != len(capture.packets):
        yield f"tcpdump sees {len(packets)} packets, the record has {len(capture.packets)}"


def content_problems(capture: Capture, seen: list[Seen]) -> Iterator[str]:
    """Times to the nanosecond, right checksums, and comments that name the line a packet belongs to."""
    if len(seen) != len(capture.packets):
        yield f"tshark sees {len(seen)} packets, the record has {len(capture.packets)}"
    for number, (event, packet) in enumerate(zip(capture.packets, seen), 1):
        line = event.get("line")
        if packet.time != capture.record["begin_ns"] + event["time_ns"]:
            yield f"packet {number}: at {packet.time}, {event['time_ns']} in the record"
        if BAD in packet.statuses and not capture.spoiled:
            yield f"packet {number}: bad checksum"
        if line and not re.search(rf"(?:line |:){line}\b", packet.comment):
            yield f"packet {number}: line {line}, its comment is '{packet.comment}'"


@pytest.mark.estimate(20)
@pytest.mark.parametrize("time, jobs", [("real", 8), pytest.param("virtual", 2, marks=needs_guests)])
def test_captures(tool: Tool, tmp_path: Path, time: str, jobs: int) -> None:
    """Of all that pass; in one test, so that they are played once."""
    captures = capture_all(tool, tmp_path / "each", time, jobs)
    assert captures, "nothing passes: there is nothing to read"
    wrong = [f"{capture.path.name}: {problem}" for capture in captures for problem in reading_problems(capture)]
    wrong += [f"{capture.path.name}: {problem}"
              for capture, seen in zip(captures, see_all(captures, tmp_path / "all.pcapng"))
              for problem in content_problems(capture, seen)]
    assert not wrong, "\n".join(wrong)


def test_bad_checksum_would_be_found() -> None:
    """The test above can fail: the reference capture of malformed frames has wrong checksums, and right ones."""
    assert {BAD in packet.statuses for packet in tshark(ROOT / "captures/malformed.pcap")} == {True, False}


def test_one_alone(tool: Tool, tmp_path: Path) -> None:
    """tshark reads a single capture as it reads all in one file."""
    _, records = tool.play("--captures", tmp_path, "--ip", "6", "scenarios/rst_after_fin.scn")
    capture = Capture(Path(records[0]["capture"]), records[0])
    assert len(tshark(capture.path)) == len(capture.packets)
