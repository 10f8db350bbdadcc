"""A machine that is busy with other things is slow, and nothing else: no verdict depends on it."""
from __future__ import annotations

import pytest

from toolkit import PASSED, Tool, shipped

FAST = 1.0     # seconds of waiting in the scenarios that are played here
TIMES = 2
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
