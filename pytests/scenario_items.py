"""The pytest plugin that makes a test of each variant of ../scenarios/**/*.scn.

A variant's test is named as tcpscen names it, `scenarios/rst_after_fin.scn[6]`; its tags are marks
(`-m 'timers and not slow'`), and `-k` takes them along with parts of names. In real time each
is one `tcpscen run` in a process of its own, and fails with that run's ladder and diagnostic. In virtual time
(`scenarios/rst_after_fin.scn[6]@virtual`) one call plays them all: see virtual_time.py. `--time` says which tests there
are: `real`, which is the default, `virtual`, or `auto` for both, and `-k` takes these words, too. Captures are kept in
captures/run/, in a folder for each run of the tests. A file with errors is one test that fails.

Scenarios with the tag `slow` wait for more than 200 s, some for hours: in real time they are skipped, each with a reason
that says how long it would take and is shown at the end, unless the option --slow is given. In virtual time none is slow.

A plugin and no part of conftest.py, since the hooks of a conftest hold only for files below it.
"""
from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from toolkit import FAILED, MACHINE, PASSED, ROOT, SCENARIOS, Record, Tool, Variant, find_tool
from virtual_time import Batch, forget, play_once

HERE = Path(__file__).resolve().parent
VARIANTS = pytest.StashKey[dict[Path, list[Variant]]]()
TOOL = pytest.StashKey[Tool]()
BATCH = pytest.StashKey[Batch]()
SLOW = "slow"  # the tag
TIMES = {"real": ("real",), "virtual": ("virtual",), "auto": ("real", "virtual")}
FIRST = 100.0  # seconds: the estimate of the test that plays them all, so that the others need not wait for it long


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="in real time, play the scenarios tagged 'slow', too")
    parser.addoption("--time", choices=list(TIMES), default="real",
                     help="scenarios in real time, in virtual time (needs `make kernel`), or in both: auto")


def pytest_configure(config: pytest.Config) -> None:
    """`pytest pytests` means the scenarios, too."""
    here = any(Path(arg).resolve() == HERE for arg in config.args)
    if here and str(SCENARIOS) not in config.args:
        config.args.append(str(SCENARIOS))


def pytest_sessionstart(session: pytest.Session) -> None:
    """List all variants at once: faster than file by file."""
    try:
        tool = find_tool()
    except FileNotFoundError as error:
        raise pytest.UsageError(str(error)) from None
    by_path: dict[Path, list[Variant]] = {}
    for variant in tool.variants("scenarios") if SCENARIOS.exists() else ():
        by_path.setdefault(ROOT / variant.scenario, []).append(variant)
    if "virtual" in kinds_of_time(session.config) and not is_worker(session.config):
        require_guests(tool)
        forget(virtual_folder(session.config))
    for tag in sorted({tag for variants in by_path.values() for variant in variants for tag in variant.tags}):
        session.config.addinivalue_line("markers", f"{tag}: a tag of scenarios")
    session.config.stash[TOOL] = tool
    session.config.stash[VARIANTS] = by_path


def kinds_of_time(config: pytest.Config) -> tuple[str, ...]:
    """What --time says."""
    return TIMES[config.getoption("time")]


def is_worker(config: pytest.Config) -> bool:
    """One of xdist's, that is."""
    return hasattr(config, "workerinput")


def require_guests(tool: Tool) -> None:
    """One sentence instead of hundreds of failures, when no guest kernel is built."""
    result = tool.run("run", "-q", "--time", "virtual", "--ip", "4", "scenarios/rst_after_fin.scn")
    if result.returncode == MACHINE:
        raise pytest.UsageError(f"--time: {result.stderr}{result.stdout}")


@pytest.fixture(scope="session")
def tool(request: pytest.FixtureRequest) -> Tool:
    """The binary under test."""
    return request.config.stash[TOOL]


@dataclass(frozen=True)
class ShippedOnce:
    """One of a scenario's variants for each binding of its parameters, and the IP versions it comes in."""

    variant: Variant
    ips: tuple[str, ...]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A parameter called `shipped_once` runs over the shipped variants: IPv4 where there is a choice, never mapped."""
    if "shipped_once" not in metafunc.fixturenames:
        return
    alike: dict[tuple[str, tuple[tuple[str, str], ...]], list[Variant]] = {}
    for variants in metafunc.config.stash[VARIANTS].values():
        for variant in variants:
            if variant.ip != "mapped":
                alike.setdefault((variant.scenario, tuple(variant.bindings.items())), []).append(variant)
    once = [ShippedOnce(same[0], tuple(variant.ip for variant in same)) for same in alike.values()]
    metafunc.parametrize("shipped_once", once, ids=[one.variant.id for one in once])


# ---- scenarios as tests ----

def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Only what is below scenarios/: the files of bad/ are subjects of test_golden.py."""
    if file_path.suffix != ".scn" or SCENARIOS not in file_path.parents:
        return None
    return ScenarioFile.from_parent(parent, path=file_path, nodeid=str(file_path.relative_to(ROOT)))


class ScenarioFile(pytest.File):
    """One scenario; its nodeid is its path below the root of the repository."""

    def collect(self) -> Iterator[pytest.Item]:
        variants = self.config.stash[VARIANTS].get(self.path, [])
        for time in kinds_of_time(self.config):
            for variant in variants:
                item, name = ITEMS[time], variant.id + SUFFIXES[time]
                yield item.from_parent(self, name=name, nodeid=name, variant=variant)
        if not variants:
            yield FaultyItem.from_parent(self, name=self.nodeid, nodeid=f"{self.nodeid}[faulty]")


class ScenarioFailure(Exception):
    """What tcpscen printed about a run that did not pass."""


class TextItem(pytest.Item):
    """A test whose failure is told by tcpscen's own words, not by a traceback."""

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: str | None = None) -> str:
        if isinstance(excinfo.value, ScenarioFailure):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo, style))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, 0, self.name


class ScenarioItem(TextItem):
    """One variant: passes, fails or is skipped as tcpscen says."""

    def __init__(self, *, variant: Variant, **rest) -> None:
        super().__init__(**rest)
        self.variant = variant
        for tag in variant.tags:
            self.add_marker(tag)

    def judge(self, record: Record, status: int, text: str) -> None:
        """By its record, and the exit status that it stands for."""
        if record["capture"]:
            self.user_properties.append(("capture", record["capture"]))
            self.add_report_section("call", "capture", record["capture"])
        if record["verdict"] == "skipped" and status == PASSED:
            pytest.skip(record["reason"])
        if record["verdict"] != "passed" or status != PASSED:
            why = "this machine could not play it\n" if status == MACHINE else ""
            raise ScenarioFailure(f"exit status {status}: {why}{text}")


class RealItem(ScenarioItem):
    """On the kernel that runs, in a process of its own."""

    def __init__(self, **rest) -> None:
        super().__init__(**rest)
        variant = self.variant
        self.extra_keyword_matches.add("real")
        if SLOW in variant.tags and not self.config.getoption("slow"):
            self.add_marker(pytest.mark.skip(reason=f"{SLOW}: about {variant.estimate:.0f} s; pytest --slow plays it"))
        else:
            self.add_marker(pytest.mark.estimate(variant.estimate))

    def runtest(self) -> None:
        variant = self.variant
        # tcpscen has a limit of its own, twice the estimate and then some: it is to speak first.
        result, records = self.config.stash[TOOL].play(
            *variant.options(), "--captures", captures_folder(self.config), variant.scenario,
            timeout=4 * variant.estimate + 300)
        if len(records) != 1:
            raise ScenarioFailure(f"{len(records)} records instead of one, exit status {result.returncode}\n"
                                  + result.stderr)
        self.judge(records[0], result.returncode, result.stderr)


class VirtualItem(ScenarioItem):
    """In a guest that it shares with the others."""

    def __init__(self, **rest) -> None:
        super().__init__(**rest)
        self.extra_keyword_matches.add("virtual")

    def runtest(self) -> None:
        batch = self._batch()
        performance = batch.of(self.variant)
        if not performance:
            raise ScenarioFailure(f"it was not played, exit status {batch.status}\n{batch.rest}")
        self.judge(performance.record, STATUSES[performance.record["verdict"]], performance.text)

    def _batch(self) -> Batch:
        """Of all selected tests: workers that select the same play it once."""
        stash = self.config.stash
        if BATCH not in stash:
            scenarios = [item.variant.scenario for item in self.session.items if isinstance(item, VirtualItem)]
            stash[BATCH] = play_once(stash[TOOL], scenarios, virtual_folder(self.config))
        return stash[BATCH]


ITEMS = {"real": RealItem, "virtual": VirtualItem}
SUFFIXES = {"real": "", "virtual": "@virtual"}
STATUSES = {"passed": PASSED, "skipped": PASSED, "failed": FAILED, "error": MACHINE}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The test that plays all others in virtual time starts early."""
    first = next((item for item in items if isinstance(item, VirtualItem)), None)
    if first:
        first.add_marker(pytest.mark.estimate(FIRST))


class FaultyItem(TextItem):
    """A file without any variant: fails with all its errors."""

    def runtest(self) -> None:
        result = self.config.stash[TOOL].run("check", self.path.relative_to(ROOT))
        raise ScenarioFailure(result.stderr or f"no variants, yet no errors\n{result.stdout}")


def captures_folder(config: pytest.Config) -> Path:
    """The same for all workers of a run, below the root of the repository."""
    worker = getattr(config, "workerinput", {})
    return Path("captures/run", worker.get("testrunuid", f"pytest-{os.getpid()}"))


def virtual_folder(config: pytest.Config) -> Path:
    """Of those in virtual time: their names are the same."""
    return captures_folder(config) / "virtual"
