"""No wrong expectation goes unnoticed: change any one, and the scenario fails at that very line.

For each shipped scenario and each value of its parameters, every expectation is changed in every way of
mutation.RULES, one at a time, and all these scenarios are played: on IPv4, every fifth on IPv6, too. Of scenarios that
wait for longer than LONG only the beginning is changed, up to the first line that waits. Of a schedule (a list of
times) each time is changed, but what would be caught only after SCHEDULE_LIMIT is left out unless --slow is given.
How many there were of each, also of those left out, is told at the end of the run.

They play in virtual time, where no machine is too busy to tell a wrong expectation from its own lateness; with
--time=real in real time.
"""
from __future__ import annotations

import math
import platform
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from mutation import SCHEDULE, Mutant, bound, mutants, played, quick, with_patience
from scenario_items import ShippedOnce
from toolkit import FAILED, PASSED, ROOT, Record, Tool, Variant

LONG = 3.0          # seconds; of scenarios that wait longer only the beginning is changed,
QUICK = 1.0         # up to the first line that waits longer than this
PATIENCE = "300ms"  # in place of two seconds, where the scenario passes with it
JOBS = 8            # mutants that play at the same time; in virtual time one, in one guest:
                    # there each worker of xdist has enough to do
GUEST = "6.12"      # the kernel of virtual time
SCHEDULE_LIMIT = 20.0  # seconds
SAMPLE = 5          # every so many mutants play on the other IP version, too
FOREIGN = {"4": "IPv6 field", "6": "IPv4 field"}  # rules that are about no field of this IP version


@dataclass
class Score:
    """What became of the mutants of one scenario."""

    caught: int = 0
    refused: int = 0                        # by the checks before anything is played: caught, too
    survivors: list[str] = field(default_factory=list)


def passes(tool: Tool, path: Path, text: str) -> bool:
    """Does a scenario pass, on all its IP versions? It is left at `path`."""
    path.write_text(text, encoding="utf-8")
    return tool.play("-q", path)[0].returncode == PASSED


def original(tool: Tool, variant: Variant, folder: Path) -> str:
    """The scenario's text with its parameters bound, made impatient where that does no harm."""
    text = bound((ROOT / variant.scenario).read_text(encoding="utf-8"), variant.bindings)
    if variant.estimate > LONG:
        return text
    impatient = with_patience(text, PATIENCE)
    if passes(tool, folder / "original.scn", impatient):
        return impatient
    if not passes(tool, folder / "original.scn", text):
        pytest.skip("the scenario itself does not pass: see its own test")
    return text


def write(folder: Path, made: list[Mutant]) -> dict[str, Mutant]:
    """A file for each mutant; by file name."""
    folder.mkdir()
    files = {f"{number:04}.scn": mutant for number, mutant in enumerate(made)}
    for name, mutant in files.items():
        (folder / name).write_text(mutant.text, encoding="utf-8")
    return files


def weed(tool: Tool, folder: Path, files: dict[str, Mutant], ip: str) -> int:
    """Take away what the language itself refuses. Returns how many."""
    errors = tool.run("check", "-q", "--ip", ip, ".", cwd=folder).stderr
    refused = set(re.findall(r"^\./(\d+\.scn):\d+:\d+: error:", errors, re.MULTILINE))
    for name in refused:
        (folder / name).unlink()
        del files[name]
    return len(refused)


def missed(mutant: Mutant, record: Record) -> str | None:
    """Why the mutant counts as not caught, None if it was: failed, and at its own line."""
    failure = record["failure"]
    if record["verdict"] == "failed" and failure["line"] == mutant.line:
        return None
    seen = f"failed at line {failure['line']}: {failure['message']}" if failure else record["verdict"]
    return f"line {mutant.line} ({mutant.kind}): {seen}\n    was: {mutant.was}\n    now: {mutant.now}"


def play(tool: Tool, folder: Path, files: dict[str, Mutant], ip: str, jobs: int) -> dict[str, str]:
    """Play mutants. Returns the reasons of those that were not caught, by file name."""
    if not files:
        return {}
    jobs = 1 if tool.clock == "virtual" else jobs
    result, records = tool.play("-q", "-j", str(jobs), "--replays", "9", "--ip", ip, *files, cwd=folder, timeout=600)
    assert len(records) == len(files), result.stderr
    reasons = {record["scenario"]: missed(files[record["scenario"]], record) for record in records}
    suspects = {name: reason for name, reason in reasons.items() if reason}
    assert suspects or result.returncode == FAILED, result.stderr
    return suspects


def caught_late(files: dict[str, Mutant]) -> dict[str, Mutant]:
    """Those of schedules: they sleep nearly all the time, so all of them may play at once."""
    return {name: mutant for name, mutant in files.items() if mutant.kind == SCHEDULE}


def sample(files: dict[str, Mutant], ip: str) -> dict[str, Mutant]:
    """Every fifth, and none that is no fault on this IP version."""
    about = {name: mutant for name, mutant in files.items() if mutant.kind != FOREIGN[ip]}
    return {name: about[name] for name in list(about)[::SAMPLE]}


def hunt(tool: Tool, folder: Path, made: list[Mutant], ips: Sequence[str]) -> Score:
    """Play all mutants; those not caught once more, nearly alone, for a busy machine may have been late.

    On the first of the IP versions all of them are played, on the others a sample.
    """
    files = write(folder, [mutant for mutant in made if mutant.kind != FOREIGN[ips[0]]])
    score = Score(refused=weed(tool, folder, files, ips[0]))
    for ip in ips:
        chosen = files if ip == ips[0] else sample(files, ip)
        late = caught_late(chosen)
        soon = {name: mutant for name, mutant in chosen.items() if name not in late}
        suspects = play(tool, folder, late, ip, len(late)) | play(tool, folder, soon, ip, JOBS)
        survivors = play(tool, folder, {name: files[name] for name in suspects}, ip, 1)
        score.caught += len(chosen) - len(survivors)
        score.survivors += [f"IPv{ip}: {reason}" for reason in survivors.values()]
    return score


@pytest.fixture
def player(request: pytest.FixtureRequest, tool: Tool) -> Tool:
    """The tool, playing in the time of mutants."""
    return replace(tool, clock="real" if request.config.getoption("time") == "real" else "virtual")


@pytest.mark.estimate(5)
def test_wrong_expectations_are_caught(request: pytest.FixtureRequest, player: Tool, shipped_once: ShippedOnce,
                                       tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """Each mutant of one scenario fails, with exit status 1 and at the line that is wrong."""
    variant = shipped_once.variant
    text = original(player, variant, tmp_path)
    lines = played(text, GUEST if player.clock == "virtual" else platform.release())
    if variant.estimate > LONG:
        lines = quick(lines, QUICK)
    every = list(mutants(text, lines))
    assert every, "nothing is expected: a scenario that cannot fail"
    limit = math.inf if request.config.getoption("slow") else SCHEDULE_LIMIT
    made = [mutant for mutant in every if mutant.seconds <= limit]
    score = hunt(player, tmp_path / "mutants", made, shipped_once.ips)
    for name, number in (("caught", score.caught), ("refused", score.refused), ("left out", len(every) - len(made))):
        record_property(f"mutants {name}", number)
    assert not score.survivors, "\n".join(score.survivors)
    assert score.caught, "no mutant was ever played"


def test_survivor_would_be_found(player: Tool, tmp_path: Path) -> None:
    """The hunt can fail: an expectation that is made wrong in no way survives."""
    text = (ROOT / "scenarios/rst_after_fin.scn").read_text(encoding="utf-8")
    same = Mutant(19, "none", "", "", text)
    assert len(hunt(player, tmp_path / "mutants", [same], ("4", "6")).survivors) == 2


@pytest.mark.parametrize(("line", "wrong"), [
    ("expect SYN from client at 0s, 1s, 3s", ["at 0s, 1.4s, 3s", "at 0s, 1s, 3.8s"]),
    ("expect ACK from client again 3 times doubling from 200ms up to 2min", ["from 0.28s"]),
    ("expect FIN-ACK from client again 1 times every 75s", ["every 105s"]),
    ("expect ACK from client within 20ms", ["between 60.06s and 120.06s"]),
    ("client: timer -> off within 1s", ["-> timewait"]),
    ("expect ACK from client between 1s and 2s on b", ["between 66s and 126s on b", "between 0.2s and 0.6s on b"]),
    ("expect ACK from client options sack 1-4 7-9, ts any last",
     ["sack 1-5 7-9,", "sack 2-4 7-9,", "1-4 7-10", "1-4 8-9", "options hex fd 02, ts", ", hex fd 02",
      "any 4000000001"]),
    ("expect SYN from client options mss 1460, sackok, ... within 1s", ["mss 1459", "1460, hex fd 02, ..."]),
    ("expect SYN from client options fastopen hex 01 aa", ["hex 01 ab"]),
    ("expect ACK from client ecn ect0 df on offset 8", ["ecn ce", "df off", "offset 7"]),
    ("expect ACK from client data hex 01 02 len 2", ["hex 01 03", "len 1"]),
    ("rewrite ACK from client win 512 win 0", ["win 511 win 0"]),
    ("expect ACK from client win 1..4096", ["win 12345..12346"]),
    ("client: queues -> 0 >= 1000", ["-> 7654321 >= 1000", "-> 0 7654321"]),
    ("client: info snd_cwnd -> 5..6", ["-> 7654321..7654322"]),
    ("client: info ca_state -> != Loss", ["-> Loss"]),
    ("client: timer -> on <= 400ms 1 retransmission", ["on == 3601.2s 1", "<= 400ms 7654321", "timewait <="]),
    ("server: counter ListenOverflows -> 1 within 1s", ["-> 7654321 within"]),
    ("client: counter TCPTimeouts -> >= 2", ["-> 7654321"]),
    ("client: counter RetransSegs -> 2..4", ["-> 7654321..7654322"]),
    ("client: sockets -> LISTEN, ESTABLISHED x2", ["SYN-SENT,", "LISTEN x2", "ESTABLISHED x5"]),
    ("client: state -> FIN-WAIT-2 until 60s", ["until 24s", "-> LISTEN until"]),
    ('client: stdout -> contains "abc"', ['contains "ab0"']),
    ("client: exit -> SIGTERM", ["-> SIGINT"]),
    ("client: exit -> 7", ["-> 6"]),
    ("client: syscall connect -> EINPROGRESS", ["-> EIO", "-> ok"]),
    ("client: fcntl F_GETFL -> O_RDWR", ["-> O_RDWR|O_APPEND"]),
])
def test_rules(line: str, wrong: list[str]) -> None:
    """Each of these is tried, and a new value of `rewrite` is not: that is no expectation."""
    made = [mutant.now for mutant in mutants(line, iter([(1, line)]))]
    missing = [change for change in wrong if not any(change in now for now in made)]
    assert not missing, made
    assert not [now for now in made if "win 512" in now and "rewrite" in now and "win 1" in now]
