"""The capture files that `run --captures` writes, read by tshark and tcpdump.

Neither finds anything to complain of, both see as many packets as the record has, and every
checksum is right unless the scenario says otherwise (`checksum` on some line).
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from toolkit import ROOT, Record, Result, Tool, run, shipped

FAST = 1.0  # seconds of waiting in the scenarios that are played here
VERIFY = [word for protocol in ("ip", "tcp", "udp") for word in ("-o", f"{protocol}.check_checksum:TRUE")]
BAD = " || ".join(f"{name}.checksum.status == Bad" for name in ("ip", "tcp", "icmp", "icmpv6"))
CHATTER = re.compile(r'Running as user "root"|^reading from file |^Warning: interface names might be incorrect')


@dataclass(frozen=True)
class Capture:
    """One capture file and the record it was drawn from."""

    path: Path
    record: Record

    @property
    def packets(self) -> int:
        """How many packets it must hold."""
        return sum(event["event"] == "packet" for event in self.record["events"])

    @property
    def spoiled(self) -> bool:
        """The scenario sends wrong checksums on purpose, or ICMP with a quotation of one."""
        text = (ROOT / self.record["scenario"]).read_text(encoding="utf-8")
        return re.search(r"^[^#]*\b(?:checksum|corrupt|offset|reserved)\b", text, re.MULTILINE) is not None


@pytest.fixture(scope="module")
def captures(tool: Tool, tmp_path_factory: pytest.TempPathFactory) -> list[Capture]:
    """Of all fast shipped scenarios that pass."""
    folder = tmp_path_factory.mktemp("captures")
    scenarios = sorted({variant.scenario for variant in shipped(tool, FAST)})
    _, records = tool.play("-j", "8", "--captures", folder, *scenarios, timeout=300)
    passed = [record for record in records if record["verdict"] == "passed"]
    assert passed, "nothing passes: there is nothing to read"
    return [Capture(Path(record["capture"]), record) for record in passed]


def complaints(result: Result) -> list[str]:
    """Lines of standard error that are not mere greetings."""
    return [line for line in result.stderr.splitlines() if line and not CHATTER.search(line)]


def tshark(path: Path, *args: str) -> Result:
    """Read a file with every checksum verified."""
    return run(["tshark", "-r", str(path), *VERIFY, *args])


def problems(capture: Capture) -> Iterator[str]:
    """What is wrong with one capture."""
    seen = tshark(capture.path, "-T", "fields", "-e", "frame.number")
    dumped = run(["tcpdump", "-nn", "-t", "-r", str(capture.path)])
    for name, result in {"tshark": seen, "tcpdump": dumped}.items():
        if result.returncode != 0 or complaints(result):
            yield f"{name}: exit status {result.returncode}, {complaints(result)}"
        # tcpdump shows what it does not know in full as indented lines of hexadecimal digits
        packets = [line for line in result.stdout.splitlines() if not line.startswith("\t")]
        if len(packets) != capture.packets:
            yield f"{name} sees {len(packets)} packets, the record has {capture.packets}"
    bad = tshark(capture.path, "-Y", BAD)
    if bool(bad.stdout) and not capture.spoiled:
        yield f"bad checksums:\n{bad.stdout}"


@pytest.mark.estimate(20)
def test_captures_can_be_read(captures: list[Capture]) -> None:
    """Each of them, by both programs."""
    wrong = [f"{capture.path.name}: {problem}" for capture in captures for problem in problems(capture)]
    assert not wrong, "\n".join(wrong)


def test_bad_checksum_would_be_found() -> None:
    """The filter above can fail: the reference capture of malformed frames has wrong checksums."""
    assert tshark(ROOT / "captures/malformed.pcap", "-Y", BAD).stdout


def test_comments_name_the_lines(captures: list[Capture]) -> None:
    """A packet's comment in the capture names the line of the scenario that it belongs to."""
    capture = next(capture for capture in captures if "rst_after_fin" in capture.path.name)
    result = tshark(capture.path, "-T", "fields", "-e", "frame.comment")
    lines = [event["line"] for event in capture.record["events"] if event["event"] == "packet"]
    comments = result.stdout.splitlines()
    assert len(comments) == len(lines)
    for comment, line in zip(comments, lines):
        assert re.search(rf"(?:line |:){line}\b", comment), comment


def test_times_are_those_of_the_record(captures: list[Capture]) -> None:
    """To the nanosecond."""
    for capture in captures[:20]:
        result = tshark(capture.path, "-T", "fields", "-e", "frame.time_epoch")
        begin = capture.record["begin_ns"]
        expected = [begin + event["time_ns"] for event in capture.record["events"] if event["event"] == "packet"]
        assert [int(text.replace(".", "")) for text in result.stdout.split()] == expected
