"""No wrong expectation goes unnoticed: change any one, and the scenario fails at that very line.

For each shipped variant on IPv4, every expectation is changed in every way of mutation.RULES, one at a time, and
all these scenarios are played. How many there were is told at the end of the run.
"""
from __future__ import annotations

import platform
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mutation import Mutant, bound, mutants, played, quick, with_patience
from toolkit import FAILED, PASSED, ROOT, Record, Tool, Variant

LONG = 3.0          # seconds; of scenarios that wait longer only the beginning is changed,
QUICK = 1.0         # up to the first line that waits longer than this
PATIENCE = "300ms"  # in place of two seconds, where the scenario passes with it
JOBS = 8            # mutants that play at the same time


@dataclass
class Score:
    """What became of the mutants of one scenario."""

    caught: int = 0
    refused: int = 0                        # by the checks before anything is played: caught, too
    survivors: list[str] = field(default_factory=list)


def passes(tool: Tool, path: Path, text: str) -> bool:
    """Does a scenario pass on IPv4? It is left at `path`."""
    path.write_text(text, encoding="utf-8")
    return tool.play("-q", "--ip", "4", path)[0].returncode == PASSED


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


def weed(tool: Tool, folder: Path, files: dict[str, Mutant]) -> int:
    """Take away what the language itself refuses. Returns how many."""
    errors = tool.run("check", "-q", "--ip", "4", ".", cwd=folder).stderr
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


def play(tool: Tool, folder: Path, files: dict[str, Mutant], jobs: int) -> dict[str, str]:
    """Play mutants. Returns the reasons of those that were not caught, by file name."""
    if not files:
        return {}
    result, records = tool.play("-q", "-j", str(jobs), "--ip", "4", *files, cwd=folder, timeout=300)
    assert len(records) == len(files), result.stderr
    reasons = {record["scenario"]: missed(files[record["scenario"]], record) for record in records}
    suspects = {name: reason for name, reason in reasons.items() if reason}
    assert suspects or result.returncode == FAILED, result.stderr
    return suspects


def hunt(tool: Tool, folder: Path, made: list[Mutant]) -> Score:
    """Play all mutants; those not caught once more, nearly alone, for a busy machine may have been late."""
    files = write(folder, made)
    refused = weed(tool, folder, files)
    suspects = play(tool, folder, files, JOBS)
    survivors = play(tool, folder, {name: files[name] for name in suspects}, 1)
    return Score(len(files) - len(survivors), refused, list(survivors.values()))


@pytest.mark.estimate(5)
def test_wrong_expectations_are_caught(tool: Tool, shipped_v4: Variant, tmp_path: Path,
                                       record_property: Callable[[str, object], None]) -> None:
    """Each mutant of one scenario fails, with exit status 1 and at the line that is wrong."""
    text = original(tool, shipped_v4, tmp_path)
    lines = played(text, platform.release())
    if shipped_v4.estimate > LONG:
        lines = quick(lines, QUICK)
    made = list(mutants(text, lines))
    assert made, "nothing is expected: a scenario that cannot fail"
    score = hunt(tool, tmp_path / "mutants", made)
    for name in ("caught", "refused"):
        record_property(f"mutants {name}", getattr(score, name))
    assert not score.survivors, "\n".join(score.survivors)
    assert score.caught, "no mutant was ever played"


def test_survivor_would_be_found(tool: Tool, tmp_path: Path) -> None:
    """The hunt can fail: an expectation that is made wrong in no way survives."""
    text = (ROOT / "scenarios/rst_after_fin.scn").read_text(encoding="utf-8")
    same = Mutant(19, "none", "", "", text)
    assert hunt(tool, tmp_path / "mutants", [same]).survivors
