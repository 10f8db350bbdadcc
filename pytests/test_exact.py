"""Times in virtual time: the kernel's own slack and no more."""
from __future__ import annotations

from pathlib import Path

import pytest

from toolkit import FAILED, PASSED, Tool, needs_guests, scene

pytestmark = needs_guests

# RTO is 200 ms (TCP_RTO_MIN) and what the round trip adds, armed for 201 jiffies; the wheel makes 208 ms of it.
RETRANSMITS = ("establish client to server:8080", "client: write \"x\" -> 1", "expect PSH-ACK from client")


@pytest.mark.parametrize(("line", "real", "virtual"), [
    ("expect PSH-ACK from client again after 200ms", PASSED, PASSED),
    # Late by 33 ms: more than the wheel's 22 ms, less than those and a busy machine's 100 ms.
    ("expect PSH-ACK from client again after 175ms", PASSED, FAILED),
    # Early by some ms: more than a jiffy of the guest's, less than one of the slowest kernel's.
    ("expect PSH-ACK from client again after 211ms", PASSED, FAILED),
    ("client: timer -> on 200ms", PASSED, PASSED),
    ("client: timer -> on 250ms", PASSED, FAILED),
])
def test_no_noise_in_virtual_time(tool: Tool, tmp_path: Path, line: str, real: int, virtual: int) -> None:
    """What a busy machine may add in real time is a failure where time is virtual."""
    path = tmp_path / "times.scn"
    path.write_text(scene(*RETRANSMITS, line))
    for kind, status in (("real", real), ("virtual", virtual)):
        result = tool.run("run", "--time", kind, "--ip", "4", "--color", "never", path)
        assert result.returncode == status, f"{kind} time\n{result.stdout}{result.stderr}"
