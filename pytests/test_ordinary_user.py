"""An ordinary user needs nothing but the binary and the scenario: no root, no capability, no file mode."""
from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from guest_runs import BUILT, KERNEL
from toolkit import MACHINE, PASSED, SCENARIOS, Result, Tool, needs_guests, run, scene

# Root becomes nobody for good: no capability is left, nor can one be got back.
AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all",
             "--no-new-privs"]

# And somebody whose user namespaces may not have others below them: in one, without any capability.
WITHOUT_NAMESPACES = ["unshare", "-U", "-r", "sh", "-c", """
    echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
    """, "sh"]


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


@pytest.fixture
def cache(copies: Path) -> Path:
    """A cache folder that anybody can read, with a guest kernel."""
    kernel = copies / "cache/tcpscen/kernels" / KERNEL
    kernel.mkdir(parents=True)
    for name in ("linux", "about"):
        shutil.copy(BUILT / KERNEL / name, kernel)
    (kernel / "linux").chmod(0o755)
    (kernel / "about").chmod(0o644)
    return copies / "cache"


def as_ordinary_user(folder: Path, *args: str, within: Sequence[str] = (), cache: Path | None = None) -> Result:
    """Run the copy as nobody, or as ourselves if we are no more than that; `within`: the start of the command."""
    prefix = AS_NOBODY if os.geteuid() == 0 else []
    return run([*prefix, *within, str(folder / "tcpscen"), *args], cwd=folder,
               env={"HOME": "/nonexistent", **({"XDG_CACHE_HOME": str(cache)} if cache else {})})


def test_scenario_passes(copies: Path) -> None:
    """The main scenario, on IPv4 and IPv6."""
    result = as_ordinary_user(copies, "run", "rst_after_fin.scn")
    assert result.returncode == PASSED, result.stdout + result.stderr
    assert "2 passed" in result.stdout


def test_counters_are_read(copies: Path) -> None:
    """Those of the host's namespace, in /proc: they are everybody's to read."""
    path = copies / "counter.scn"
    path.write_text(scene("establish client to server:8080", "client: counter ActiveOpens -> 1"), encoding="utf-8")
    path.chmod(0o644)
    result = as_ordinary_user(copies, "run", "counter.scn")
    assert result.returncode == PASSED, result.stdout + result.stderr


def test_doctor_is_content(copies: Path) -> None:
    """And says that it does without root."""
    result = as_ordinary_user(copies, "doctor")
    assert result.returncode == PASSED, result.stdout
    assert "without root" in result.stdout


# ---- virtual time ----

@needs_guests
@pytest.mark.parametrize("within", [[], WITHOUT_NAMESPACES], ids=["ordinary", "without_namespaces"])
def test_virtual_time(copies: Path, cache: Path, within: Sequence[str]) -> None:
    """A guest is a process like any other: neither root nor namespaces are needed; both are there in the guest."""
    result = as_ordinary_user(copies, "run", "--time", "virtual", "rst_after_fin.scn", within=within, cache=cache)
    assert result.returncode == PASSED, result.stdout + result.stderr
    assert "2 passed" in result.stdout


@needs_guests
def test_real_time_needs_namespaces(copies: Path) -> None:
    """What the test above takes away is really away."""
    result = as_ordinary_user(copies, "run", "--ip", "4", "rst_after_fin.scn", within=WITHOUT_NAMESPACES)
    assert result.returncode == MACHINE, result.stdout


@needs_guests
def test_captures_of_virtual_time(copies: Path, cache: Path) -> None:
    """They belong to who called, as in real time."""
    copies.chmod(0o777)
    result = as_ordinary_user(copies, "run", "-q", "--time", "virtual", "--captures", "captures", "rst_after_fin.scn",
                              cache=cache)
    assert result.returncode == PASSED, result.stdout + result.stderr
    made = list((copies / "captures").iterdir())
    assert len(made) == 2
    assert {path.stat().st_uid for path in made} == {65534 if os.geteuid() == 0 else os.geteuid()}
