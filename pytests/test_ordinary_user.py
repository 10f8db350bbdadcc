"""An ordinary user needs nothing but the binary and the scenario: no root, no capability, no file mode."""
from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from toolkit import PASSED, SCENARIOS, Result, Tool, run

# Root becomes nobody for good: no capability is left, nor can one be got back.
AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all",
             "--no-new-privs"]


@pytest.fixture
def copies(tool: Tool) -> Iterator[Path]:
    """A folder that anybody can read, with `tcpscen` and a scenario. (tmp_path is for its owner alone.)"""
    with tempfile.TemporaryDirectory(prefix="tcpscen-ordinary-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copy(tool.binary, folder / "tcpscen")
        (folder / "tcpscen").chmod(0o755)
        shutil.copy(SCENARIOS / "rst_after_fin.scn", folder)
        (folder / "rst_after_fin.scn").chmod(0o644)
        yield folder


def as_ordinary_user(folder: Path, *args: str) -> Result:
    """Run the copy as nobody, or as ourselves if we are no more than that."""
    prefix = AS_NOBODY if os.geteuid() == 0 else []
    return run([*prefix, str(folder / "tcpscen"), *args], cwd=folder, env={"HOME": "/nonexistent"})


def test_scenario_passes(copies: Path) -> None:
    """The main scenario, on IPv4 and IPv6."""
    result = as_ordinary_user(copies, "run", "rst_after_fin.scn")
    assert result.returncode == PASSED, result.stdout + result.stderr
    assert "2 passed" in result.stdout


def test_doctor_is_content(copies: Path) -> None:
    """And says that it does without root."""
    result = as_ordinary_user(copies, "doctor")
    assert result.returncode == PASSED, result.stdout
    assert "without root" in result.stdout
