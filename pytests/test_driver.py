"""The tests that the plugin makes of scenarios: in a copy of the repository with scenarios of our own."""
from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from toolkit import PASSED, ROOT, Result, Tool, needs_guests, run, scene

pytestmark = needs_guests

DRIVER = ("conftest.py", "guest_runs.py", "scenario_items.py", "scheduling.py", "toolkit.py", "virtual_time.py")
CLOSES = ("establish client to server:8080", "client: close")
SCENES = {
    "passes": scene(*CLOSES, "expect FIN-ACK from client"),
    "fails": scene(*CLOSES, "expect RST from client"),
    "also_fails": scene(*CLOSES, "expect PSH-ACK from client"),
    "skips": scene("needs kernel >= 99.9", *CLOSES),
    "errs": scene("sysctl client net.ipv4.tcp_no_such_thing = 1", *CLOSES),
    "takes_an_hour": scene("tags slow", CLOSES[0], "wait 1h"),
}


@dataclass(frozen=True)
class Session:
    """What an inner pytest said."""

    result: Result
    outcomes: dict[str, str]    # "passed", "failure", "error", "skipped"; by nodeid
    details: dict[str, str]     # what it told of each, its captures included


def read_report(path: Path) -> Iterator[tuple[str, str, str]]:
    """(name, outcome, details) of each test in a JUnit report."""
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        bad = [child for child in case if child.tag in ("failure", "error", "skipped")]
        text = " ".join((child.get("message") or "") + (child.text or "") for child in bad)
        captures = [prop.get("value") or "" for prop in case.iter("property") if prop.get("name") == "capture"]
        name = (case.get("name") or "").replace("scenarios.", "scenarios/", 1)  # as JUnit has it, it is no path
        yield name, bad[0].tag if bad else "passed", "\n".join([text, *captures])


@pytest.fixture
def session(tool: Tool, tmp_path: Path):
    """Runs an inner pytest over SCENES, with these arguments."""
    (tmp_path / "pytests").mkdir()
    (tmp_path / "scenarios").mkdir()
    for name in DRIVER:
        shutil.copy(ROOT / "pytests" / name, tmp_path / "pytests")
    shutil.copy(ROOT / ".pytest.ini", tmp_path)
    for name, text in {**SCENES, "rst_after_fin": SCENES["passes"]}.items():
        (tmp_path / "scenarios" / f"{name}.scn").write_text(text, encoding="utf-8")

    def inner(*args: str, binary: Path = tool.binary) -> Session:
        report = tmp_path / "report.xml"
        result = run([sys.executable, "-m", "pytest", "-c", ".pytest.ini", "-p", "no:cacheprovider", "-p", "no:randomly",
                      "--junitxml", str(report), *args, "pytests"], cwd=tmp_path, timeout=120,
                     env={"TCPSCEN": str(binary), "PYTEST_ADDOPTS": ""})
        cases = list(read_report(report)) if report.exists() else []
        assert len({name for name, _, _ in cases}) == len(cases)
        return Session(result, {name: outcome for name, outcome, _ in cases}, {name: text for name, _, text in cases})

    return inner


def expected(suffix: str, slow: str) -> dict[str, str]:
    """Outcomes of SCENES in one kind of time."""
    outcomes = {"passes": "passed", "rst_after_fin": "passed", "fails": "failure", "also_fails": "failure",
                "skips": "skipped", "errs": "failure", "takes_an_hour": slow}
    return {f"scenarios/{name}.scn[{ip}]{suffix}": outcome for name, outcome in outcomes.items() for ip in "46"}


@pytest.mark.parametrize("workers", ["-n0", "-n3"])
def test_both_times(session, workers: str) -> None:
    """A test for each variant in each kind of time; a verdict is that of its own variant alone."""
    inner = session(workers, "--time=auto")
    assert inner.outcomes == expected("", "skipped") | expected("@virtual", "passed"), inner.result.stdout


def test_real_is_the_default(session) -> None:
    """And nothing else is played."""
    assert session("-n2").outcomes == expected("", "skipped")


@pytest.mark.parametrize("workers", ["-n0", "-n3"])
def test_each_tells_its_own(session, workers: str) -> None:
    """The ladder, the diagnostic and the capture of a failure belong to its own test, and are those of no other."""
    inner = session(workers, "--time=virtual")
    wanted = {"fails": "expected RST from client", "also_fails": "expected PSH-ACK from client",
              "errs": "tcp_no_such_thing", "skips": "needs kernel >= 99.9"}
    for name, words in wanted.items():
        for ip in "46":
            text = inner.details[f"scenarios/{name}.scn[{ip}]@virtual"]
            assert words in text
            assert not [other for other in wanted.values() if other != words and other in text], text
            assert set(re.findall(r"scenarios/\w+\.scn \[\d\]", text)) <= {f"scenarios/{name}.scn [{ip}]"}
            if name in ("fails", "also_fails"):
                assert "│" in text, "no ladder"
                assert f"{name}-{ip}.pcapng" in text


def test_captures_are_kept(session, tmp_path: Path) -> None:
    """Those of the two kinds of time side by side, each where its test says."""
    inner = session("--time=auto", "-k", "fails and not also")
    for name, text in inner.details.items():
        path = tmp_path / text.splitlines()[-1]
        assert path.is_file(), name
        assert ("virtual" in path.parts) == name.endswith("@virtual")


def test_selection(session) -> None:
    """-k takes the kind of time; of files that are not selected nothing is played."""
    inner = session("--time=auto", "-k", "virtual and (passes or hour)", "-n2")
    assert inner.result.returncode == 0, inner.result.stdout + inner.result.stderr
    assert inner.outcomes == {f"scenarios/{name}.scn[{ip}]@virtual": "passed"
                              for name in ("passes", "takes_an_hour") for ip in "46"}


def test_tags_are_marks(session) -> None:
    """-m takes tags and nothing else: a name that has the word in it is another matter."""
    inner = session("-m", "slow", "-n0")
    assert set(inner.outcomes) == {f"scenarios/takes_an_hour.scn[{ip}]" for ip in "46"}
    assert set(session("-k", "slow", "-n0").outcomes) >= set(inner.outcomes)
    assert not session("-m", "passes", "-n0").outcomes


def test_each_session_plays(session, tmp_path: Path) -> None:
    """What an earlier session has found is nothing to rely on."""
    assert session("--time=virtual", "-k", "passes").outcomes["scenarios/passes.scn[4]@virtual"] == "passed"
    (tmp_path / "scenarios/passes.scn").write_text(SCENES["fails"], encoding="utf-8")
    inner = session("--time=virtual", "-k", "passes")
    assert inner.outcomes["scenarios/passes.scn[4]@virtual"] == "failure"


def test_no_kernel(session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a guest kernel one sentence says so, and nothing passes or is skipped."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    inner = session("--time=auto")
    assert inner.result.returncode != 0
    assert not inner.outcomes
    assert "make kernel" in inner.result.stderr + inner.result.stdout


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_tool_that_fails(session, tool: Tool, tmp_path: Path, workers: str) -> None:
    """If tcpscen gives up in the middle, tests without a record fail with what it said, and no other does."""
    broken = tmp_path / "tcpscen"
    broken.write_text(f"""#!/bin/sh
case "$*" in
*--json*virtual*) {tool.binary} "$@" | grep -v also_fails; echo out of luck >&2; exit 3;;
*) exec {tool.binary} "$@";;
esac
""", encoding="utf-8")
    broken.chmod(0o755)
    inner = session("--time=virtual", workers, binary=broken)
    assert inner.outcomes == expected("@virtual", "passed")
    assert "out of luck" in inner.details["scenarios/also_fails.scn[4]@virtual"]
    assert "out of luck" not in inner.details["scenarios/fails.scn[4]@virtual"]


def test_every_variant_is_a_virtual_test(tool: Tool) -> None:
    """Nothing that is shipped is left out, however long it waits."""
    result = run([sys.executable, "-m", "pytest", "-q", "--collect-only", "--time=virtual", "-p", "no:cacheprovider",
                  "scenarios", "-p", "scenario_items"], cwd=ROOT,
                 env={"TCPSCEN": str(tool.binary), "PYTHONPATH": os.pathsep.join(["pytests"]), "PYTEST_ADDOPTS": ""})
    collected = {line for line in result.stdout.splitlines() if line.startswith("scenarios/")}
    assert collected == {f"{variant.id}@virtual" for variant in tool.variants("scenarios")}


def test_slow_scenarios_play_in_virtual_time(tool: Tool) -> None:
    """Those that real time skips, for as long as they wait: hours."""
    slow = {variant.id: variant for variant in tool.variants("scenarios") if "slow" in variant.tags}
    result, records = tool.play("-q", "--time", "virtual", "-k", "slow", "scenarios")
    assert result.returncode == PASSED, result.stderr
    assert {f"{record['scenario']}[{record['variant']}]" for record in records} == set(slow)
    for record in records:
        assert record["duration_ns"] >= 0.9e9 * slow[f"{record['scenario']}[{record['variant']}]"].estimate
    assert max(record["duration_ns"] for record in records) > 7200e9
