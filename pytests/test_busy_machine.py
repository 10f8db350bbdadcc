"""A machine that is busy with other things is slow, and nothing else: no verdict depends on it."""
from __future__ import annotations

import pytest

from toolkit import PASSED, Tool, needs_guests, shipped

FAST = 1.0     # seconds of waiting in the scenarios that are played here
TIMES = 2
VIRTUAL_TIMES = 3
LIMIT = 900.0  # seconds for all of it: the waits alone are a minute, beside other tests more


@pytest.mark.alone
@pytest.mark.estimate(60)
@pytest.mark.usefixtures("busy")
def test_fast_scenarios_pass(tool: Tool) -> None:
    """All of them, twice, those with two kernels, too."""
    fast = {variant.id: variant for variant in shipped(tool, FAST)}
    scenarios = sorted({variant.scenario for variant in fast.values()})
    for _ in range(TIMES):
        result, records = tool.play("-q", "-j", "4", *scenarios, timeout=LIMIT / TIMES)
        assert {record["verdict"] for record in records} <= {"passed", "skipped"}, result.stderr
        assert result.returncode == PASSED
        kinds = [[host["kind"] for host in record["hosts"]] for record in records]
        assert ["kernel", "kernel"] in kinds, "none with two kernels: the wire between them would not be tried"


@needs_guests
@pytest.mark.alone
@pytest.mark.estimate(60)
@pytest.mark.usefixtures("busy")
def test_virtual_time_is_deaf(tool: Tool) -> None:
    """All shipped scenarios, thrice; more often: `make load TIME=virtual`."""
    listed = {variant.id for variant in shipped(tool)}
    for _ in range(VIRTUAL_TIMES):
        result, records = tool.play("-q", "--time", "virtual", "scenarios", timeout=LIMIT / VIRTUAL_TIMES)
        assert result.returncode == PASSED, result.stderr
        assert {record["verdict"] for record in records} <= {"passed", "skipped"}
        assert len(records) == len(listed)
