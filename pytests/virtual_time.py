"""All selected variants in virtual time, played by one call of tcpscen.

A guest's boot costs more than most scenarios do in it, so the tests of a session share their guests: whichever worker
comes first plays the files of all of them, with a lock held that the others wait for; each test then takes its own
record, and its own part of what tcpscen printed, from the folder where the first has left them.
"""
from __future__ import annotations

import fcntl
import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from toolkit import MACHINE, ROOT, Record, Tool, Variant

SHOWN = ("failed", "error", "skipped")  # the verdicts of which `run -q` tells
KEPT = "batch.json"
LIMIT = 900.0  # seconds for all of them; on an idle machine they take a few


@dataclass(frozen=True)
class Performance:
    """What became of one variant."""

    record: Record
    text: str    # what tcpscen printed of it: ladder, diagnostic, verdict; nothing if it passed


@dataclass(frozen=True)
class Batch:
    """What became of all of them."""

    status: int
    performances: dict[str, Performance]  # by the variant's id
    rest: str                             # what was printed of none of them

    def of(self, variant: Variant) -> Performance | None:
        """None: tcpscen has not got to it; `rest` says why."""
        return self.performances.get(variant.id)


def record_id(record: Record) -> str:
    """The id of a record's variant, as `list --json` has it."""
    return f"{record['scenario']}[{record['variant']}]"


def parts(records: Iterable[Record], text: str) -> Iterator[tuple[Record, str]]:
    """Each record with its part of the text, which ends with the line of its verdict. Then the rest, with no record.

    Records and texts come in the same order, that of the command line.
    """
    for record in records:
        if record["verdict"] not in SHOWN:
            yield record, ""
            continue
        verdict = re.search(rf"^(?:FAIL|ERROR|SKIP) +{re.escape(record['scenario'])} "
                            rf"\[{re.escape(record['variant'])}\].*\n", text, re.MULTILINE)
        end = verdict.end() if verdict else 0
        yield record, text[:end].lstrip("\n")
        text = text[end:]
    yield {}, text.lstrip("\n")


def play(tool: Tool, scenarios: Iterable[str], folder: Path, cwd: Path = ROOT) -> Batch:
    """Play all variants of these files, with their captures in `folder`."""
    try:
        result, records = tool.play("-q", "--time", "virtual", "--captures", folder, *sorted(set(scenarios)), cwd=cwd,
                                    timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return Batch(MACHINE, {}, f"stopped: no end after {LIMIT:.0f} s")
    *shares, (_, rest) = parts(records, result.stderr)
    return Batch(result.returncode, {record_id(record): Performance(record, text) for record, text in shares}, rest)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time, of all that open this file."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def play_once(tool: Tool, scenarios: Iterable[str], folder: Path, cwd: Path = ROOT) -> Batch:
    """The same, or what another process has left in `folder`, a path below `cwd`."""
    kept = cwd / folder / KEPT
    kept.parent.mkdir(parents=True, exist_ok=True)
    with locked(kept.with_suffix(".lock")):
        if not kept.exists():
            batch = play(tool, scenarios, folder, cwd)
            unfinished = kept.with_suffix(".part")
            unfinished.write_text(json.dumps([batch.status, batch.rest, [
                [without_events(performance.record), performance.text]
                for performance in batch.performances.values()]]), encoding="utf-8")
            unfinished.rename(kept)
    status, rest, shares = json.loads(kept.read_text(encoding="utf-8"))
    return Batch(status, {record_id(record): Performance(record, text) for record, text in shares}, rest)


def forget(folder: Path, cwd: Path = ROOT) -> None:
    """What another session has left in a folder of the same name is none of ours."""
    (cwd / folder / KEPT).unlink(missing_ok=True)


def without_events(record: Record) -> Record:
    """Events are most of a record, and no test of a scenario looks at them."""
    return {name: value for name, value in record.items() if name != "events"}
