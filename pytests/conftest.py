"""The order of the tests. What they share, and the scenarios as tests, is in scenario_items.py."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from toolkit import computing

pytest_plugins = ["scenario_items", "guest_runs"]
SPINNERS = 2  # for each processor


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--load", type=int, default=0, metavar="N", help="play the suite N times under load (test_load.py)")
    parser.addoption("--at-once", type=int, default=1, metavar="M", help="of these N, so many side by side")
    parser.addoption("--longest", type=float, default=20.0, metavar="SECONDS",
                     help="of these, scenarios that wait up to so long")


@pytest.fixture
def busy() -> Iterator[None]:
    """A machine that is busy with other things: processes that do nothing but compute."""
    with computing(SPINNERS):
        yield


def estimate(item: pytest.Item) -> float:
    """Seconds; a test that does not say is a short one."""
    marker = item.get_closest_marker("estimate")
    return marker.args[0] if marker else 0.0


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorted by length and name, hence alike in all workers."""
    items.sort(key=lambda item: (-estimate(item), item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log) -> object | None:
    """Our scheduler in place of plain load scheduling; any other that was asked for stays."""
    from scheduling import OneByOne  # here, since without xdist there is no such hook, and no such module

    return OneByOne(config, log) if config.getvalue("dist") == "load" else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many wrong expectations were tried (test_mutations.py)."""
    totals: dict[str, int] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, number in getattr(report, "user_properties", ()):
                if name.startswith("mutants ") and report.when == "call":
                    totals[name] = totals.get(name, 0) + number
    if totals:
        terminalreporter.write_line(", ".join(f"{name}: {number}" for name, number in totals.items()))
