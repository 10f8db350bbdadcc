"""One scenario on several kernels: the table of verdicts, where ladders differ, and what is no difference.

The kernel that $TCPSCEN_KERNEL names, 6.12 if it is not set, has to be built (`make kernel`). It gets more names here, in
a cache folder of the test; one of them boots it with small receive buffers, so that it offers another window.
Two kernels that really differ are in the tests of `git bisect`, which also need 6.1 (`make kernel KERNEL=6.1`).
"""
from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from toolkit import FAILED, MACHINE, PASSED, ROOT, USAGE, Record, Result, Tool, needs_guests, run, scene

KERNEL = os.environ.get("TCPSCEN_KERNEL", "6.12")
OLDER = "6.1"
BUILT = Path(os.environ.get("XDG_CACHE_HOME", "") or Path.home() / ".cache") / "tcpscen/kernels"
FIRST = "scenarios/rst_after_fin.scn"

pytestmark = needs_guests


@dataclass(frozen=True)
class Kernels:
    """A cache folder with guest kernels, and tcpscen run with it."""

    tool: Tool
    cache: Path

    @property
    def env(self) -> dict[str, str]:
        return {"XDG_CACHE_HOME": str(self.cache), "LC_ALL": "C.UTF-8", "COLUMNS": "100"}

    def add(self, name: str, release: str, kernel: Path) -> None:
        """One more name for a kernel."""
        folder = self.cache / "tcpscen/kernels" / name
        folder.mkdir(parents=True)
        (folder / "linux").symlink_to(kernel)
        (folder / "about").write_text(f"name {name}\nversion {release}\n")

    def run(self, kernels: str, *args: str | Path, cwd: Path = ROOT) -> Result:
        """`run --kernel KERNELS`."""
        return self.tool.run("run", "--kernel", kernels, *args, cwd=cwd, env=self.env, timeout=120)

    def play(self, kernels: str, *args: str | Path, cwd: Path = ROOT) -> tuple[Result, list[Record]]:
        """The same, with its records."""
        result = self.run(kernels, "--json", "-", *args, cwd=cwd)
        return result, [json.loads(line) for line in result.stdout.splitlines()]


def release_of(name: str) -> str:
    """What `about` says of a kernel that is built."""
    about = (BUILT / name / "about").read_text(encoding="utf-8")
    return re.search(r"^version (\S+)", about, re.MULTILINE)[1]


@pytest.fixture
def kernels(tool: Tool, tmp_path: Path) -> Kernels:
    """`one` and `two` are the same kernel; `small` has small buffers, `old` is said to be Linux 5.15."""
    binary = (BUILT / KERNEL / "linux").resolve()
    assert binary.exists(), f"the guest kernel {KERNEL} is not built: run make kernel"
    made = Kernels(tool, tmp_path / "cache")
    for name, release in {"one": release_of(KERNEL), "two": release_of(KERNEL), "old": "5.15.7"}.items():
        made.add(name, release, binary)
    small = tmp_path / "small"
    small.write_text(f"#!/bin/sh\nexec {binary} 'sysctl.net.ipv4.tcp_rmem=\"4096 20000 40000\"' \"$@\"\n")
    small.chmod(0o755)
    made.add("small", release_of(KERNEL), small)
    return made


def syn(*words: str, title: str = "offers a window") -> str:
    """A scenario that sees a SYN with these fields."""
    return scene("ip 4", "client: socket", "client: connect server:8080", " ".join(["expect SYN from client", *words]),
                 "send RST-ACK from server", "client: -> ECONNREFUSED", title=title)


def table(text: str) -> list[str]:
    """The lines from the table's head on; without a table, from the counts on."""
    lines = text.rstrip().splitlines()
    heads = [i for i, line in enumerate(lines) if line.startswith("verdicts by kernel")]
    return lines[heads[0]:] if heads else lines[-1:]


# ---- the table ----

def test_a_kernel_is_like_itself(kernels: Kernels) -> None:
    """All verdicts, though none differs, when they are few; ladders do not differ, whatever is random in them."""
    result = kernels.run("one,two", FIRST, "scenarios/setup/syn_retransmit_timeout.scn", "scenarios/icmp/recverr_ipv4.scn",
                         "scenarios/options/fastopen_cookie_request.scn", "--ip", "4")
    assert (result.returncode, result.stderr) == (PASSED, "")
    head, *rows, counts = table(result.stdout)
    assert head.split() == ["verdicts", "by", "kernel", "one", "two"]
    assert len(rows) == 5 and all(row.split()[-2:] == ["PASS", "PASS"] for row in rows), rows
    assert counts == "5 variants on 2 kernels: no verdict differs, no ladder does"
    assert result.stdout.count("virtual time)") == 2


def test_many_alike_are_only_counted(kernels: Kernels) -> None:
    """No table of what does not differ."""
    result = kernels.run("one,two", "-q", "scenarios/close")
    assert result.returncode == PASSED, result.stdout
    assert "verdicts by kernel" not in result.stdout
    assert re.fullmatch(r"\d\d variants on 2 kernels: no verdict differs, no ladder does", table(result.stdout)[0])


def test_a_verdict_that_differs(kernels: Kernels, tmp_path: Path) -> None:
    """Where one kernel fails: its row, and the rows in which the ladders differ first. The run fails."""
    path = tmp_path / "x.scn"
    path.write_text(syn("win 64240"))
    result = kernels.run("one,small", path, FIRST, "--ip", "4")
    assert result.returncode == FAILED
    head, differs, one, small, alike, counts = table(result.stdout)
    assert differs.split() == [f"{path}[4]", "PASS", "FAIL"] and alike.split() == [f"{FIRST}[4]", "PASS", "PASS"]
    assert re.fullmatch(r"    one    0\.\d{6}  │──── SYN seq 0 win 64240 .*▶│  line 7", one), one
    assert re.fullmatch(r"    small  0\.\d{6}  │──── SYN seq 0 win 8760 .*▶│  unexpected", small), small
    assert counts == "2 variants on 2 kernels: 1 verdict differs, 1 more ladder does (-v shows where)"


def test_a_wrong_value_fails_on_all(kernels: Kernels, tmp_path: Path) -> None:
    """-D with a wrong value: each kernel fails, so verdicts do not differ, and ladders do not either."""
    path = tmp_path / "x.scn"
    path.write_text(scene("ip 4", "for n in 1", "establish client to server:8080", 'client: write "x" -> $n',
                          "expect PSH-ACK from client", "send ACK from server"))
    right, wrong = kernels.run("one,two", path), kernels.run("one,two", "-D", "n=7", path)
    assert (right.returncode, wrong.returncode) == (PASSED, FAILED), right.stdout + right.stderr
    assert table(wrong.stdout)[1].split()[-2:] == ["FAIL", "FAIL"]
    assert table(wrong.stdout)[-1] == "1 variant on 2 kernels: 1 fails on all, no verdict differs, no ladder does"


def test_a_ladder_that_differs(kernels: Kernels, tmp_path: Path) -> None:
    """Both pass, and do not do the same: counted, and shown with -v."""
    path = tmp_path / "x.scn"
    path.write_text(syn())
    quiet, loud = (kernels.run("one,small,two", *option, path) for option in ([], ["-v"]))
    assert quiet.returncode == loud.returncode == PASSED
    assert table(quiet.stdout)[-1] == "1 variant on 3 kernels: no verdict differs, 1 ladder does (-v shows where)"
    assert len(table(quiet.stdout)) == 3
    _, _, one, small, counts = table(loud.stdout)
    assert one.startswith("    one  ") and " SYN seq 0 win 64240 " in one
    assert small.startswith("    small  ") and " SYN seq 0 win " in small
    assert counts == "1 variant on 3 kernels: no verdict differs, 1 ladder does"


def test_a_skip_differs_from_a_pass(kernels: Kernels, tmp_path: Path) -> None:
    """A kernel that is too old for the scenario has no ladder to compare."""
    (tmp_path / "x.scn").write_text(scene("ip 4", "needs kernel >= 6.0", "client: socket"))
    result = kernels.run("one,old,two", tmp_path / "x.scn")
    assert result.returncode == PASSED
    head, row, counts = table(result.stdout)
    assert head.split()[3:] == ["one", "old", "two"] and row.split()[1:] == ["PASS", "SKIP", "PASS"]
    assert counts == "1 variant on 3 kernels: 1 verdict differs, no other ladder does"


@pytest.mark.parametrize(("more", "differs"), [(1, True), (0, False)])
def test_a_jiffy_is_a_difference(kernels: Kernels, tmp_path: Path, more: int, differs: bool) -> None:
    """The clock of a guest is exact: what comes a millisecond later comes later."""
    path = tmp_path / "x.scn"
    path.write_text(scene("ip 4", "client: run \"sh -c 'grep -q tcp_rmem /proc/cmdline && sleep 1.000 || "
                          f"sleep 1.00{more}; echo x'\" as p", 'client: stdout on p -> "x\\n"', "client: exit on p -> 0"))
    result = kernels.run("one,small", "-v", path)
    assert result.returncode == PASSED, result.stdout
    assert (", 1 ladder does" in table(result.stdout)[-1]) == differs, result.stdout


def test_the_running_kernel(kernels: Kernels) -> None:
    """Its times are real and not compared; a guest of another release may differ in nothing else here."""
    result = kernels.run("one,host", FIRST, "--ip", "4")
    assert result.returncode == PASSED, result.stdout + result.stderr
    assert table(result.stdout)[-1] == ("1 variant on 2 kernels: no verdict differs, no ladder does; "
                                        "real times are not compared")


# ---- where the reports go ----

def test_records_name_their_kernel(kernels: Kernels, tmp_path: Path) -> None:
    """Nothing but records on standard output; headers and the table go where the text goes."""
    result, records = kernels.play("one,old,host", "--ip", "4", FIRST)
    assert [(record["kernel"], record["time"]) for record in records] == [
        ("one", "virtual"), ("old", "virtual"), ("host", "real")]
    assert [record["release"] for record in records] == [release_of(KERNEL), "5.15.7", os.uname().release]
    headers = re.findall(r"^kernel (\w+) \((\S+), (real|virtual) time\)$", result.stderr, re.MULTILINE)
    assert headers == [(record["kernel"], record["release"], record["time"]) for record in records]
    assert "verdicts by kernel" in result.stderr


def test_captures_of_several_kernels(kernels: Kernels, tmp_path: Path) -> None:
    """A folder for each; of one kernel, none."""
    _, records = kernels.play("one,two", "--captures", tmp_path / "both", "--ip", "4", FIRST)
    name = "scenarios-rst_after_fin-4.pcapng"
    assert [record["capture"] for record in records] == [str(tmp_path / "both" / kernel / name)
                                                         for kernel in ("one", "two")]
    assert all(Path(record["capture"]).stat().st_size for record in records)
    kernels.play("one", "--captures", tmp_path / "single", "--ip", "4", FIRST)
    assert [path.name for path in (tmp_path / "single").iterdir()] == [name]


def test_one_kernel_has_no_table(kernels: Kernels) -> None:
    """Nothing to compare, no header either."""
    result = kernels.run("one,one", FIRST)
    assert result.returncode == PASSED
    assert "kernel one" not in result.stdout and " on 2 kernels" not in result.stdout


# ---- what was gained ----

def test_long_scenarios_say_what_was_gained(kernels: Kernels) -> None:
    """`927 s in 0.1 s, ×9000`, and the summary all of it; a short one is as long as it is."""
    result = kernels.run("one", "--ip", "4", FIRST, "scenarios/timers/retries2_timeout.scn")
    assert result.returncode == PASSED, result.stdout
    short, long, summary = result.stdout.rstrip().splitlines()
    assert re.search(r"  [\d.]+ ms$", short), short
    gained = re.search(r"  (\d+) s in ([\d.]+) s, ×(\d+)$", long)
    assert gained, long
    virtual, wall, ratio = map(float, gained.groups())
    assert 924 < virtual < 1000 and 0.5 < ratio * wall / virtual < 2
    assert re.fullmatch(r"2 passed: 15 min \d+ s in [\d.]+ m?s", summary), summary


def test_real_time_gains_nothing(tool: Tool, tmp_path: Path) -> None:
    """Neither a ratio nor a sum."""
    (tmp_path / "x.scn").write_text(scene("ip 4", "wait 1100ms"))
    result = tool.run("run", tmp_path / "x.scn")
    assert result.returncode == PASSED
    assert "×" not in result.stdout and re.search(r"^1 passed in 1\.\d s$", result.stdout, re.MULTILINE)


# ---- which there are ----

def test_doctor_boots_what_is_built(kernels: Kernels) -> None:
    """Name, release, age, path, times; a kernel that does not boot is a fault, with what it said."""
    result = kernels.tool.run("doctor", env=kernels.env)
    for name, release in {"one": release_of(KERNEL), "old": "5.15.7"}.items():
        line = re.search(rf"^ok   guest {name} +{re.escape(release)}, built \d+ \w+ ago, boots in \d+ ms, "
                         rf"is off after \d+ ms: (\S+)$", result.stdout, re.MULTILINE)
        assert line and line[1] == str(kernels.cache / "tcpscen/kernels" / name / "linux"), result.stdout
    assert result.returncode == PASSED, result.stdout
    assert "make kernel KERNEL=6.1" in result.stdout and "KERNEL_SRC=" in result.stdout
    wrong = kernels.cache / "wrong"
    wrong.write_text("#!/bin/sh\necho Kernel panic - not syncing: on purpose\nexit 1\n")
    wrong.chmod(0o755)
    kernels.add("wrong", "6.99.0", wrong)
    result = kernels.tool.run("doctor", env=kernels.env)
    assert result.returncode == MACHINE
    assert re.search(r"^NO   guest wrong +6\.99\.0, .*does not boot: .*on purpose", result.stdout, re.MULTILINE)


def test_doctor_without_a_kernel(tool: Tool, tmp_path: Path) -> None:
    """No fault, and how to build one."""
    result = tool.run("doctor", env={"XDG_CACHE_HOME": str(tmp_path)})
    assert result.returncode == PASSED, result.stdout
    assert re.search(r"^- +guest kernels +none is built; --time virtual needs one: make kernel$", result.stdout,
                     re.MULTILINE), result.stdout


@pytest.mark.parametrize(("options", "message"), [
    (["--time", "virtual"], "tcpscen: the guest kernel 6.12 is not built: run `make kernel`\n"),
    (["--kernel", "6.12"], "tcpscen: the guest kernel 6.12 is not built: run `make kernel`\n"),
    (["--kernel", "mine"], "tcpscen: no guest kernel 'mine' is built: run `make kernel KERNEL=mine`, or "
                           "`make kernel KERNEL_SRC=DIR NAME=mine`\n"),
    (["--kernel", "host,mine"], "tcpscen: no guest kernel 'mine' is built: run `make kernel KERNEL=mine`, or "
                                "`make kernel KERNEL_SRC=DIR NAME=mine`\n"),
], ids=str)
def test_without_a_kernel(tool: Tool, tmp_path: Path, options: list[str], message: str) -> None:
    """Exactly that, exit status 3, and nothing is played."""
    result = tool.run("run", *options, FIRST, env={"XDG_CACHE_HOME": str(tmp_path)})
    assert (result.returncode, result.stdout, result.stderr) == (MACHINE, "", message)


def test_the_others_are_named(kernels: Kernels) -> None:
    """Those that are built, where one is not."""
    result = kernels.run("three", FIRST)
    assert result.returncode == MACHINE and result.stderr.endswith("; built: old, one, small, two\n")


@pytest.mark.parametrize(("options", "words"), [
    (["--time", "soon"], "choose real, virtual or auto"),
    (["--time", "virtual", "--kernel", "host"], "on kernel 'host', time is real"),
    (["--time", "real", "--kernel", "one"], "on kernel 'one', time is virtual"),
    (["--kernel", "one,two", "-k", "nothing"], "nothing is selected"),
], ids=str)
def test_wrong_usage(kernels: Kernels, options: list[str], words: str) -> None:
    """A kind of time that a kernel does not have."""
    result = kernels.tool.run("run", *options, FIRST, env=kernels.env)
    assert (result.returncode, result.stdout) == (USAGE, "") and words in result.stderr


# ---- git bisect ----

SYN_TIMES = scene("ip 4", "client: socket", "client: setsockopt TCP_SYNCNT 2 -> ok", "client: connect server:8080",
                  "expect SYN from client at 0s, 1s, 3s", "client: -> ETIMEDOUT after 4s",
                  title="SYNs go out at 0, 1, 3 s")


@pytest.fixture
def history(tmp_path: Path) -> Callable[[list[str]], Path]:
    """A repository with a commit for each name, which is in the file `kernel`: a stand-in for a tree and its builds."""
    repository = tmp_path / "tree"

    def git(*args: str) -> str:
        done = run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(repository), *args])
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def commit_all(names: list[str]) -> Path:
        repository.mkdir()
        git("init", "-q", "-b", "trunk")
        for number, name in enumerate(names):
            (repository / "kernel").write_text(f"{name}\n")
            (repository / "number").write_text(f"{number}\n")
            git("add", ".")
            git("commit", "-q", "-m", f"commit {number}")
        (repository.parent / "syn_times.scn").write_text(SYN_TIMES)
        git("bisect", "start", "trunk", git("rev-list", "--max-parents=0", "trunk").strip())
        return repository

    return commit_all


# What docs/virtual-time.md tells to run, where the build is a look at a file. 125 tells git that this commit shows nothing.
STEP = '"{binary}" run -q --kernel "$(cat kernel)" ../syn_times.scn || {{ [ $? = 1 ] && exit 1; exit 125; }}'


def bisect(tool: Tool, repository: Path, env: Mapping[str, str] | None = None) -> Result:
    """`git bisect run` to its end."""
    step = STEP.format(binary=tool.binary)
    return run(["git", "bisect", "run", "sh", "-c", step], cwd=repository, timeout=120, env=env)


def test_bisect_finds_linear_timeouts(tool: Tool, history: Callable[[list[str]], Path]) -> None:
    """Linux 6.5 repeats a SYN after 1, 2, 3, 4 s; before, after 1, 3, 7 s: two real kernels, 6.1 and 6.12."""
    for name in (OLDER, KERNEL):
        assert (BUILT / name / "linux").exists(), f"run make kernel KERNEL={name}"
    repository = history([OLDER] * 4 + [KERNEL] * 5)
    result = bisect(tool, repository)
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"is the first '?bad'? commit", result.stdout), result.stdout
    assert re.search(r"^    commit 4$", result.stdout, re.MULTILINE), result.stdout


def test_two_real_kernels_differ(tool: Tool, tmp_path: Path) -> None:
    """The table shows it: the third SYN is a second early."""
    assert (BUILT / OLDER / "linux").exists(), f"run make kernel KERNEL={OLDER}"
    (tmp_path / "syn_times.scn").write_text(SYN_TIMES)
    result = tool.run("run", "--kernel", f"{OLDER},{KERNEL}", tmp_path / "syn_times.scn", env={"LC_ALL": "C.UTF-8"})
    assert result.returncode == FAILED
    _, row, older, newer, counts = table(result.stdout)
    assert row.split()[-2:] == ["PASS", "FAIL"]
    assert re.match(rf"    {OLDER} +3\.\d+  │──── SYN ", older) and re.match(rf"    {KERNEL} +2\.\d+  │──── SYN ", newer)
    assert counts == "1 variant on 2 kernels: 1 verdict differs, no other ladder does"


def test_bisect_skips_what_does_not_build(kernels: Kernels, history: Callable[[list[str]], Path]) -> None:
    """A commit whose kernel is not there is neither good nor bad: git says that it may be any of several."""
    repository = history(["one", "missing", "missing", "one"])
    result = bisect(kernels.tool, repository, kernels.env)
    assert "only 'skip'ped commits left" in result.stdout, result.stdout + result.stderr
