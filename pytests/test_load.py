"""The load proof: the shipped scenarios, many times over, on a machine that is busy with other things.

    make load                        # ten times: those that wait up to 20 s, all in virtual time
    make load TIME=virtual TIMES=50  # fifty times, in virtual time only
    make load TIME=real TIMES=100 PYTEST_ARGS="--longest=200 --at-once=6"  # those that wait up to 200 s, too

Apart from all other tests, since it takes long: `pytest --load N` plays the suite N times, without it this is skipped. Each
round is told when it and those before it have ended. What did not pass is told with its diagnostic, and fails the test in the end.
"""
from __future__ import annotations

import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from scenario_items import kinds_of_time
from toolkit import Record, Tool, needs_guests, shipped

JOBS = 64          # most of the time is spent waiting
APART = 10.0       # seconds between the first of those that play side by side: they are not the load
HOURS = 4 * 3600.0  # a round that takes longer hangs


def percentile(values: list[float], share: float) -> float:
    """The smallest value that this share of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def story(records: list[Record], seconds: float) -> str:
    """One line about a round."""
    verdicts = Counter(record["verdict"] for record in records)
    kept = [record["events"][-1].get("kept_ns", 0) / 1e6 for record in records if record["verdict"] != "skipped"]
    again = sum(record["played_before"] > 0 for record in records)
    counts = ", ".join(f"{number} {verdict}" for verdict, number in sorted(verdicts.items()))
    return (f"{counts}, {again} played again in {seconds:.0f} s; kept from running for "
            f"{percentile(kept, .5):.1f} ms (median), {percentile(kept, .99):.1f} ms (99 %), {max(kept):.1f} ms at most")


def selection(tool: Tool, kind: str, longest: float) -> list[str]:
    """Options and paths; in virtual time nothing takes long."""
    if kind == "virtual":
        return ["scenarios"]
    scenarios = sorted({variant.scenario for variant in shipped(tool, longest)})
    return ["-j", str(JOBS), "-k", "not slow", *scenarios]


def play_round(tool: Tool, kind: str, arguments: list[str], wait: float
               ) -> tuple[subprocess.CompletedProcess[str], list[Record], float]:
    """What it says, its records, and how many seconds it takes. It begins after `wait` seconds."""
    time.sleep(wait)
    began = time.monotonic()
    result, records = tool.play("-q", "--time", kind, *arguments, timeout=HOURS)
    return result, records, time.monotonic() - began


@pytest.mark.alone
@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("kind", ["real", pytest.param("virtual", marks=needs_guests)])
def test_no_failure_under_load(tool: Tool, pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str],
                               kind: str) -> None:
    """No verdict but those of an idle machine."""
    times = pytestconfig.getoption("load")
    if not times or kind not in kinds_of_time(pytestconfig):
        pytest.skip("--load N plays the suite N times under load, in the kinds of time of --time")
    arguments = selection(tool, kind, pytestconfig.getoption("longest"))
    wrong: list[str] = []
    at_once = pytestconfig.getoption("at_once")
    with ThreadPoolExecutor(at_once) as pool:
        waits = [APART * number if number < at_once else 0.0 for number in range(times)]
        rounds = pool.map(lambda wait: play_round(tool, kind, arguments, wait), waits)
        for number, (result, records, seconds) in enumerate(rounds, 1):
            bad = [record for record in records if record["verdict"] not in ("passed", "skipped")]
            wrong += [f"{record['scenario']}[{record['variant']}]: {record['verdict']}: "
                      f"{record['reason'] or record['failure']['message']}" for record in bad]
            with capsys.disabled():
                print(f"\nround {number} of {times}: {story(records, seconds)}", flush=True)
                if bad:
                    print(result.stderr, flush=True)
    assert not wrong, "\n".join(wrong)
