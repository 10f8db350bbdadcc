"""`run --repeat N`: each variant many times, to find what happens now and then."""
from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from test_commands import GOOD, SKIPPED, WRONG, summary, terminal_output
from toolkit import FAILED, PASSED, USAGE, Record, Tool, needs_guests, scene

BY_CHANCE = scene("client: run \"sh -c 'exit $(( $(od -An -N1 -tu1 /dev/urandom) % 2 ))'\" as coin",
                  "client: exit on coin -> 0", title="heads or tails")


def after_two(path: Path) -> str:
    """A scenario of which two plays pass and all further ones fail, if they are played one by one.

    That one is played again, because the machine was too busy for a failure, makes no difference.
    """
    return scene(f"client: run \"sh -c 'echo >> {path}; exit $(( $(wc -l < {path}) > 2 ))'\" as program",
                 "client: exit on program -> 0", title="twice well")


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    """A folder with a scenario of each kind, to be used as current directory."""
    for name, text in {"good": GOOD, "wrong": WRONG, "skipped": SKIPPED, "chance": BY_CHANCE,
                       "third": after_two(tmp_path / "plays")}.items():
        (tmp_path / f"{name}.scn").write_text(text)
    return tmp_path


def rounds(records: list[Record], verdict: str) -> list[int]:
    """In which of them it ended so."""
    return sorted(record["round"] for record in records if record["verdict"] == verdict)


def ladders(text: str) -> int:
    """How many are shown."""
    return len(re.findall("^time ", text, re.MULTILINE))


# ---- what is counted ----

def test_some_fail(tool: Tool, stage: Path) -> None:
    """Failures are told with their round; a line says how many there were; the summary counts plays."""
    result = tool.run("run", "-j", "1", "--ip", "4", "--repeat", "9", "third.scn", cwd=stage)
    assert (result.returncode, result.stderr) == (FAILED, "")
    told = re.findall(r"^FAIL +third\.scn \[4\] round (\d)  twice well  ", result.stdout, re.MULTILINE)
    assert len(set(told)) == len(told) == 7, result.stdout
    assert result.stdout.count(": error: program exited with 1, expected 0\n") == 7
    assert result.stdout.splitlines()[-3] == "third.scn[4]: 7 of 9 failed"
    assert summary(result.stdout) == "2 passed, 7 failed"


def test_records(tool: Tool, stage: Path) -> None:
    """An object for each play, with its round; without --repeat it is the first."""
    _, records = tool.play("-j", "1", "--ip", "4", "--repeat", "9", "third.scn", cwd=stage)
    assert sorted(rounds(records, "failed") + rounds(records, "passed")) == list(range(1, 10))
    assert [record["verdict"] for record in records] == ["passed"] * 2 + ["failed"] * 7
    for options in ([], ["--repeat", "1"]):
        _, records = tool.play(*options, "good.scn", cwd=stage)
        assert rounds(records, "passed") == [1, 1]


@pytest.mark.parametrize("time", ["real", pytest.param("virtual", marks=needs_guests)])
def test_by_chance(tool: Tool, stage: Path, time: str) -> None:
    """Several at a time: each variant in each round, and what is said of each is what its records say."""
    result, records = tool.play("--time", time, "-j", "4", "--repeat", "25", "chance.scn", "good.scn", cwd=stage)
    ids = [f"{record['scenario']}[{record['variant']}]" for record in records]
    assert set(Counter(ids).values()) == {25} and len(set(ids)) == 4
    failed = Counter(name for name, record in zip(ids, records) if record["verdict"] == "failed")
    assert rounds([record for name, record in zip(ids, records) if name == "chance.scn[4]"], "failed"), "no luck"
    said = dict(re.findall(r"^(\S+): (\d+) of 25 failed$", result.stderr, re.MULTILINE))
    assert result.returncode == FAILED
    assert said == {name: str(number) for name, number in failed.items()}
    assert summary(result.stderr).partition(":")[0] == f"{100 - failed.total()} passed, {failed.total()} failed"


def test_all_alike(tool: Tool, stage: Path) -> None:
    """Nothing is said of variants that always pass, or always fail, but for the failures; a skip is told once."""
    result = tool.run("run", "--repeat", "20", "good.scn", cwd=stage)
    assert (result.returncode, summary(result.stdout)) == (PASSED, "40 passed")
    assert len(result.stdout.splitlines()) == 1
    result = tool.run("run", "--repeat", "5", "--ip", "4", "wrong.scn", "skipped.scn", cwd=stage)
    assert (result.returncode, summary(result.stdout)) == (FAILED, "0 passed, 5 failed, 5 skipped")
    assert " of 5 " not in result.stdout and result.stdout.count("needs kernel >= 99.9") == 1


def test_few_ladders(tool: Tool, stage: Path) -> None:
    """Three of each variant, and how many more there were; -v shows every ladder."""
    result = tool.run("run", "--repeat", "6", "wrong.scn", "good.scn", cwd=stage)
    assert ladders(result.stdout) == 6
    assert result.stdout.splitlines()[-2] == "6 more ladders of failures: -v shows them"
    assert len(re.findall("^FAIL  wrong", result.stdout, re.MULTILINE)) == result.stdout.count("wrong.scn:5:") == 12
    result = tool.run("run", "-v", "--repeat", "6", "wrong.scn", "good.scn", cwd=stage)
    assert ladders(result.stdout) == 24 and "more ladder" not in result.stdout
    assert len(re.findall("^PASS  good.scn .* round 6 ", result.stdout, re.MULTILINE)) == 2


def test_exitfirst(tool: Tool, stage: Path) -> None:
    """-x: the third play fails, and no further round begins."""
    result = tool.run("run", "--replays", "99", "-x", "-j", "1", "--ip", "4", "--repeat", "100000", "third.scn",
                      cwd=stage)
    assert result.returncode == FAILED
    assert result.stdout.splitlines()[-2] == "third.scn[4]: 1 of 3 failed"
    assert summary(result.stdout) == "2 passed, 1 failed, 99997 not played"


# ---- the order of things ----

def test_rounds_in_turn(tool: Tool, stage: Path) -> None:
    """All once, then again; it is those whose stage is set that play, so that some overtake a few others."""
    _, records = tool.play("-j", "1", "--repeat", "10", "good.scn", "wrong.scn", cwd=stage)
    assert Counter(record["round"] for record in records) == dict.fromkeys(range(1, 11), 4)
    away = [abs(record["round"] - 1 - place // 4) for place, record in enumerate(records)]
    assert max(away) <= 3, away


def test_nobody_waits_for_one_that_takes_long(tool: Tool, stage: Path) -> None:
    """Several plays of a variant at a time; what has ended is told."""
    (stage / "slow.scn").write_text(scene("wait 2s", title="slow"))
    result, records = tool.play("-j", "16", "--ip", "4", "--repeat", "8", "slow.scn", "good.scn", cwd=stage)
    assert result.returncode == PASSED
    assert [record["scenario"] for record in records[:8]] == ["good.scn"] * 8


def test_progress(tool: Tool, stage: Path) -> None:
    """The line at the foot of a terminal counts plays."""
    command = tool.command("run", "--repeat", "30", "-j", "1", stage / "good.scn")
    assert "/60 done, " in terminal_output(command, {"NO_COLOR": "1"})


# ---- with other options ----

def test_captures(tool: Tool, stage: Path) -> None:
    """Of plays that did not pass, each in a file of its own."""
    _, records = tool.play("-j", "1", "--ip", "4", "--repeat", "6", "--captures", "made", "third.scn", "wrong.scn",
                           "good.scn", cwd=stage)
    named = {Path(record["capture"]).name for record in records if record["capture"]}
    assert named == set(os.listdir(stage / "made"))
    assert named >= {f"wrong-4-round={number}.pcapng" for number in range(1, 7)}
    assert len(named) == 10 and sum(name.startswith("third-4-round=") for name in named) == 4
    assert all((record["capture"] is None) == (record["verdict"] == "passed") for record in records)


@needs_guests
def test_timelines(tool: Tool, stage: Path) -> None:
    """A timeline has each variant once; each round is compared with it."""
    (stage / "syn.scn").write_text(scene("client: connect server:8080", "expect SYN from client",
                                         "send RST-ACK from server", "client: -> ECONNREFUSED", title="a SYN"))
    result = tool.run("run", "--time", "virtual", "--repeat", "2", "--record", "t", "syn.scn", cwd=stage)
    assert (result.returncode, result.stdout) == (USAGE, "")
    assert result.stderr == ("tcpscen: --record: a timeline has each variant once; leave --repeat out (--timeline "
                             "compares each round with it)\n")
    assert not (stage / "t").exists()
    result = tool.run("run", "--time", "virtual", "--record", "t", "syn.scn", cwd=stage)
    assert result.returncode == PASSED
    result = tool.run("run", "--time", "virtual", "--repeat", "5", "--timeline", "t", "syn.scn", "good.scn", cwd=stage)
    assert result.returncode == PASSED, result.stdout
    assert summary(result.stdout.rpartition("\n10 of them not in t")[0]).startswith("20 passed")


@needs_guests
def test_several_kernels(tool: Tool, stage: Path) -> None:
    """Each has its counts; the table has the worst verdict, whichever round it was."""
    result = tool.run("run", "-q", "--kernel", "host,6.12", "--ip", "4", "--repeat", "30", "chance.scn", "good.scn",
                      cwd=stage, timeout=120)
    assert result.returncode == FAILED
    assert len(re.findall(r"^chance\.scn\[4\]: \d+ of 30 failed$", result.stdout, re.MULTILINE)) == 2
    assert re.search(r"^chance\.scn\[4\] +FAIL +FAIL$", result.stdout, re.MULTILINE), result.stdout
    assert re.search(r"^good\.scn\[4\] +PASS +PASS$", result.stdout, re.MULTILINE)
    assert "2 variants on 2 kernels: 1 fails on all, no verdict differs" in result.stdout


def test_too_many(tool: Tool, tmp_path: Path) -> None:
    """More plays than can be counted are refused, with their number."""
    (tmp_path / "many.scn").write_text(scene(*(f"for {name} in {','.join(map(str, range(9)))}" for name in "abc"),
                                             "client: socket", title="many"))
    for number in range(15):
        (tmp_path / f"{number}.scn").write_text((tmp_path / "many.scn").read_text())
    result = tool.run("run", "--repeat", "100000", ".", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (USAGE, "")
    assert result.stderr == ("tcpscen: --repeat 100000: with 23328 variants these are 2332800000 plays, and "
                             "2147483647 is the most\n")
