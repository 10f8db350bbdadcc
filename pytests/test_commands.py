"""The command line: subcommands, options, exit statuses, and what happens when writing fails.

Exit status: 0 all passed or skipped; 1 a scenario failed; 2 wrong usage or a faulty scenario; 3 this machine cannot.
"""
from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import time
from pathlib import Path

import pytest

from toolkit import FAILED, MACHINE, PASSED, ROOT, SCENARIOS, USAGE, Tool, run, scene, why_no_guests

FIRST = "scenarios/rst_after_fin.scn"
COMMANDS = ("run", "check", "list", "doctor")
GOOD = scene("client: socket", title="good")
WRONG = scene("client: socket", "client: close -> EBADF", title="wrong")
FAULTY = scene("client: sockket", title="faulty")
HANGING = scene("client: socket", "wait 10min", title="hanging")
SKIPPED = scene("needs kernel >= 99.9", "client: socket", title="skipped")
BY_PARAMETER = scene("for n in 1, 2, 3", "client: socket", "client: close", title="three at a time")


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    """A folder with a scenario of each kind, `good.scn` and so on, to be used as current directory."""
    for name, text in {"good": GOOD, "wrong": WRONG, "skipped": SKIPPED, "three": BY_PARAMETER}.items():
        (tmp_path / f"{name}.scn").write_text(text)
    return tmp_path


def summary(text: str) -> str:
    """"2 passed, 1 failed" of the summary line, the last of a run; on a busy machine some are played again."""
    return re.sub(r", \d+ played again$", "", text.rstrip().splitlines()[-1].partition(" in ")[0])


# ---- the command line ----

def test_help(tool: Tool) -> None:
    """Asked for, it goes to standard output and is a success; each command has its own, with an example."""
    for args in (["--help"], ["-h"], ["help"]):
        result = tool.run(*args)
        assert (result.returncode, result.stderr) == (PASSED, "")
        assert all(command in result.stdout for command in COMMANDS)
    for command in COMMANDS:
        for option in ("--help", "-h"):
            result = tool.run(command, option)
            assert (result.returncode, result.stderr) == (PASSED, "")
            assert result.stdout.startswith(f"usage: tcpscen {command}")
            assert max(map(len, result.stdout.splitlines())) <= 80 or command == "run"


def test_no_command(tool: Tool) -> None:
    """Without arguments: the usage, as an error."""
    result = tool.run()
    assert (result.returncode, result.stdout) == (USAGE, "")
    assert "usage: tcpscen" in result.stderr


def test_version(tool: Tool) -> None:
    """`tcpscen X.Y.Z` alone."""
    result = tool.run("--version")
    assert (result.returncode, result.stderr) == (PASSED, "")
    name, version = result.stdout.split()
    assert name == "tcpscen" and [part.isdigit() for part in version.split(".")] == [True] * 3


@pytest.mark.parametrize(("args", "words"), [
    (["rum"], ["unknown command 'rum'", "did you mean 'run'"]),
    (["frobnicate"], ["unknown command 'frobnicate'", "--help"]),
    (["run"], ["name a scenario file"]),
    (["run", "--captures", "x.scn"], ["name a scenario file", "'x.scn' is the value of --captures"]),
    (["run", "--json", "x.scn"], ["name a scenario file", "'x.scn' is the value of --json"]),
    (["list", "-k", "x.scn"], ["name a scenario file", "'x.scn' is the value of -k"]),
    (["check"], ["name a scenario file"]),
    (["list"], ["name a scenario file"]),
    (["run", "--frobnicate", FIRST], ["--frobnicate"]),
    (["run", "-j", "0", FIRST], ["-j 0"]),
    (["run", "-j", "many", FIRST], ["-j many"]),
    (["run", "-j", "99999999999999999999", FIRST], ["-j"]),
    (["run", "--timeout", "-1", FIRST], ["--timeout -1"]),
    (["run", "--repeat", "0", FIRST], ["tcpscen: --repeat 0: write a number from 1 to 100000\n"]),
    (["run", "--repeat", "x", FIRST], ["tcpscen: --repeat x: write a number from 1 to 100000\n"]),
    (["run", "--repeat", "", FIRST], ["tcpscen: --repeat : write a number from 1 to 100000\n"]),
    (["run", "--repeat=1.5", FIRST], ["tcpscen: --repeat 1.5: write a number from 1 to 100000\n"]),
    (["run", "--repeat", "100001", FIRST], ["--repeat 100001"]),
    (["run", "--repeat"], ["option '--repeat' requires an argument"]),
    (["run", "--ip", "5", FIRST], ["--ip 5", "mapped"]),
    (["run", "--color", "red", FIRST], ["--color red", "never"]),
    (["run", "-D", "how", FIRST], ["-D how", "name=value"]),
    (["run", "-D", "=x", FIRST], ["-D =x", "name=value"]),
    (["run", "-D", "no_such=1", FIRST], ["no_such"]),
    (["run", "-k", "rst and", FIRST], ["-k", "a word is missing"]),
    (["run", "-k", "(rst", FIRST], ["-k", "')' is missing"]),
    (["run", "-k", "no_such_tag", FIRST], ["nothing is selected"]),
    (["run", "-k", "not " * 5000 + "a", FIRST], ["too deep"]),
    (["run", "no/such/file.scn"], ["no/such/file.scn", "No such file"]),
    (["run", "--json", "/no/such/folder/x", FIRST], ["/no/such/folder/x", "No such file"]),
    (["run", "--captures", "/proc/nowhere", FIRST], ["/proc/nowhere"]),
    (["run", "--captures", FIRST, FIRST], [FIRST, "Not a directory"]),
    (["run", "--captures", "", FIRST], ["--captures ''", "No such file"]),
    (["doctor", "me"], ["doctor", "me"]),
], ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None)
def test_wrong_usage(tool: Tool, args: list[str], words: list[str]) -> None:
    """Exit status 2, nothing on standard output, and a message that names the culprit."""
    result = tool.run(*args)
    assert (result.returncode, result.stdout) == (USAGE, "")
    assert all(word in result.stderr for word in words), result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_unknown_option(tool: Tool, command: str) -> None:
    """The message names the program, and where its options are listed."""
    result = tool.run(command, "--bogus")
    assert (result.returncode, result.stdout) == (USAGE, "")
    assert result.stderr == f"tcpscen {command}: unrecognized option '--bogus'\nsee tcpscen {command} --help\n"


@pytest.mark.parametrize(("option", "meant"), [
    ("--jsn", "did you mean '--json'?\n"),
    ("--timeot=3", "did you mean '--timeout'?\n"),
    ("--xyzzy", ""),
    ("--json", ""),  # it lacks its value
])
def test_misspelled_option(tool: Tool, option: str, meant: str) -> None:
    """The nearest option is named, when one is near."""
    result = tool.run("run", option)
    assert (result.returncode, result.stdout) == (USAGE, "")
    assert result.stderr.split("\n", 1)[1] == f"{meant}see tcpscen run --help\n"


def test_names_are_cleaned(tool: Tool, tmp_path: Path) -> None:
    """No control byte of a file's name reaches the terminal; in JSON it is what it is, or U+FFFD."""
    escape, folder = "\x1b]0;owned\x07", tmp_path / "folder"
    folder.mkdir()
    (folder / f"good{escape}.scn").write_text(GOOD)
    (folder / os.fsdecode(b"\xff\xc2\x9b.scn")).write_text(WRONG)
    (tmp_path / f"bad{escape}.scn").write_text(FAULTY)
    (tmp_path / f"empty{escape}").mkdir()
    for args in (["check", "folder"], ["list", "folder"], ["check", f"bad{escape}.scn"], [f"ru{escape}"],
                 ["check", f"missing{escape}"], ["check", f"empty{escape}"], ["run", "-D", escape, "folder"],
                 ["run", "--captures", f"cap{escape}", "folder"], ["run", "--json", f"no{escape}/x", "folder"]):
        result = subprocess.run(tool.command(*args), cwd=tmp_path, capture_output=True, timeout=60)
        output = result.stdout + result.stderr
        assert output and not {0x1b, 0x07, 0xff} & set(output) and b"\xc2\x9b" not in output, (args, output)
    variants = tool.variants("folder", cwd=tmp_path)
    assert [variant.scenario for variant in variants] == [f"folder/good{escape}.scn"] * 2 + ["folder/\ufffd\x9b.scn"] * 2


# ---- exit statuses and summaries of run ----

@pytest.mark.parametrize(("files", "status", "words"), [
    (["good.scn"], PASSED, "2 passed"),
    (["wrong.scn"], FAILED, "0 passed, 2 failed"),
    (["skipped.scn"], PASSED, "0 passed, 2 skipped"),
    (["."], FAILED, "8 passed, 2 failed, 2 skipped"),
    (["good.scn", "good.scn", "./good.scn", ".//good.scn"], PASSED, "2 passed"),
], ids=str)
def test_exit_status(tool: Tool, stage: Path, files: list[str], status: int, words: str) -> None:
    """A skip is no failure, a failure outweighs all; a file that is named twice is played once."""
    result = tool.run("run", *files, cwd=stage)
    assert (result.returncode, result.stderr) == (status, "")
    assert summary(result.stdout) == words


def test_faulty_scenario_starts_nothing(tool: Tool, stage: Path) -> None:
    """One faulty file, and the sound ones are not played either."""
    (stage / "faulty.scn").write_text(FAULTY)
    result = tool.run("run", ".", cwd=stage)
    assert (result.returncode, result.stdout) == (USAGE, "")
    assert "./faulty.scn:4:9: error:" in result.stderr and "did you mean 'socket'" in result.stderr


REFUSALS = {
    "user namespaces": "echo 0 > /proc/sys/user/max_user_namespaces; "
                       "exec setpriv --bounding-set=-all --inh-caps=-all",
    "network namespaces": "echo 0 > /proc/sys/user/max_net_namespaces; exec",
}


@pytest.mark.parametrize("refused", REFUSALS)
def test_machine_that_refuses_namespaces(tool: Tool, refused: str) -> None:
    """Exit status 3 from run and doctor, with the reason and a remedy.

    The machine is a user namespace of our own, in which the number of further namespaces is 0.
    """
    def there(*args: str) -> subprocess.CompletedProcess[str]:
        return run(["unshare", "-Ur", "sh", "-c", f'{REFUSALS[refused]} "$@"', "sh", *tool.command(*args)])

    trial = run(["unshare", "-Ur", "true"])
    if trial.returncode != 0:
        pytest.skip(f"no user namespace to refuse things in: {trial.stderr.strip()}")
    played, doctor = there("run", FIRST), there("doctor")
    assert (played.returncode, doctor.returncode) == (MACHINE, MACHINE)
    for text in (played.stdout, doctor.stdout):
        assert "namespace" in text and "sysctl" in text, text
    assert summary(played.stdout) == "0 passed, 2 errors"
    assert "NO" in doctor.stdout


def test_timeout_stops_a_hanging_scenario(tool: Tool, tmp_path: Path) -> None:
    """An error of the machine, not a failure, and no later than a second or so after its time."""
    path = tmp_path / "hanging.scn"
    path.write_text(HANGING)
    began = time.monotonic()
    result = tool.run("run", "--ip", "4", "--timeout", "1", path)
    assert time.monotonic() - began < 10
    assert result.returncode == MACHINE
    assert "no end after 1 s: stopped" in result.stdout


def test_few_descriptors(tool: Tool, tmp_path: Path) -> None:
    """When descriptors run short, the suite goes on with the players it has, and has some left for its reports."""
    for number in range(200):
        (tmp_path / f"{number}.scn").write_text(GOOD)
    command = tool.command("run", "-q", "-j", "100", "--captures", tmp_path / "captures", "--timeout", "100", tmp_path)
    result = run(["prlimit", "--nofile=1024:1024", *command], timeout=120)
    assert (result.returncode, result.stderr) == (PASSED, ""), result.stdout[-2000:]
    assert summary(result.stdout) == "400 passed"


# ---- options of run ----

def test_ip(tool: Tool, stage: Path) -> None:
    """Each version alone, all three, and IPv4 on AF_INET6 sockets though the scenario does not ask for it."""
    for wanted, seen in {"4": ["4"], "6": ["6"], "mapped": ["mapped"], "all": ["4", "6", "mapped"]}.items():
        result, records = tool.play("--ip", wanted, "good.scn", cwd=stage)
        assert result.returncode == PASSED, result.stderr
        assert [record["ip"] for record in records] == seen


def test_mapped_is_ipv4_on_the_wire(tool: Tool) -> None:
    """AF_INET6 sockets, IPv4 packets."""
    _, records = tool.play("--ip", "mapped", FIRST)
    assert [record["verdict"] for record in records] == ["passed"]
    packets = [event["packet"] for event in records[0]["events"] if event["event"] == "packet"]
    assert packets and {packet["ip"] for packet in packets} == {4}


def test_selection(tool: Tool) -> None:
    """Tags, parts of names, and, or, not, brackets; capitals count for nothing."""
    def chosen(expression: str) -> list[str]:
        return [variant.id for variant in tool.variants(FIRST, options=["-k", expression])]

    both = [f"{FIRST}[4]", f"{FIRST}[6]"]
    assert chosen("rst") == chosen("RST and fin") == chosen("after_fin") == both
    assert chosen("errno and not [6]") == both[:1]
    assert chosen("nothing or (rst and not (nothing or [4]))") == both[1:]
    assert chosen("not rst") == []
    _, records = tool.play("-k", "[6]", FIRST)
    assert [record["variant"] for record in records] == ["6"]


def test_defines(tool: Tool, stage: Path) -> None:
    """A parameter gets one value, which need not be one of the list."""
    for value in ("2", "17"):
        _, records = tool.play("--ip", "4", "-D", f"n={value}", "three.scn", cwd=stage)
        assert [record["bindings"] for record in records] == [{"n": value}]


def test_exitfirst(tool: Tool, tmp_path: Path) -> None:
    """-x: nothing is started after the first failure; what was not played is counted as that."""
    for number in range(40):
        (tmp_path / f"{number:02}.scn").write_text(WRONG)
    result = tool.run("run", "--replays", "9", "-x", "-j", "1", "--ip", "4", ".", cwd=tmp_path)
    assert result.returncode == FAILED
    assert summary(result.stdout) == "0 passed, 1 failed, 39 not played"


def test_reason_is_said_once(tool: Tool, stage: Path) -> None:
    """A skip or an error is one line, which has its reason; a ladder says how it ends by itself."""
    result = tool.run("run", "--ip", "4", "skipped.scn", cwd=stage)
    assert result.stdout.count("needs kernel >= 99.9") == 1, result.stdout
    (stage / "hanging.scn").write_text(HANGING)
    result = tool.run("run", "-q", "--ip", "4", "--timeout", "1", "hanging.scn", cwd=stage)
    assert result.stdout.count("no end after 1 s") == 1, result.stdout


def test_loudness(tool: Tool, stage: Path) -> None:
    """A scenario alone shows its ladder, several a line each; -v every ladder, -q only what failed."""
    alone = tool.run("run", "--ip", "4", "good.scn", cwd=stage).stdout
    assert "socket = " in alone
    several = tool.run("run", "--ip", "4", "good.scn", "three.scn", cwd=stage).stdout
    assert len(several.splitlines()) == 5 and "socket = " not in several
    loud = tool.run("run", "-v", "--ip", "4", "good.scn", "three.scn", cwd=stage).stdout
    assert loud.count("socket = ") == 4
    quiet = tool.run("run", "-q", "--ip", "4", ".", cwd=stage).stdout
    assert "wrong.scn:5:" in quiet and "good.scn" not in quiet and "three.scn" not in quiet


def test_order_of_output(tool: Tool, stage: Path) -> None:
    """As on the command line, whichever ends first; the same in two runs, but for the times."""
    (stage / "a_slow.scn").write_text(scene("wait 300ms", title="slow"))
    orders = []
    for _ in range(2):
        _, records = tool.play("-j", "8", ".", cwd=stage)
        orders.append([f"{record['scenario']}[{record['variant']}]" for record in records])
    assert orders[0] == orders[1] == [variant.id for variant in tool.variants(".", cwd=stage)]


def test_json_file_and_dash(tool: Tool, stage: Path) -> None:
    """To a file, the text stays on standard output; to `-`, the text goes to standard error."""
    result = tool.run("run", "--json", "out.json", "good.scn", cwd=stage)
    assert summary(result.stdout) == "2 passed" and result.stderr == ""
    lines = (stage / "out.json").read_text().splitlines()
    assert [json.loads(line)["verdict"] for line in lines] == ["passed", "passed"]
    result = tool.run("run", "--json", "-", "good.scn", cwd=stage)
    assert summary(result.stderr) == "2 passed"
    assert len([json.loads(line) for line in result.stdout.splitlines()]) == 2


def test_captures(tool: Tool, stage: Path) -> None:
    """A file for each variant that was played, in a folder that is made; the record names it."""
    _, records = tool.play("--captures", "made/for/this", ".", cwd=stage)
    named = {record["capture"] for record in records if record["verdict"] != "skipped"}
    assert len(named) == 10 and {path.name for path in (stage / "made/for/this").iterdir()} == {
        Path(path).name for path in named}
    assert all(record["capture"] is None for record in records if record["verdict"] == "skipped")


def test_captures_do_not_meet(tool: Tool, tmp_path: Path) -> None:
    """Names that look alike once slashes are dashes: each capture has its own file, the same in each run."""
    here = tmp_path / "here"
    (here / "a").mkdir(parents=True)
    for path in (here / "a/b.scn", here / "a-b.scn", here / "c.scn", tmp_path / "c.scn"):
        path.write_text(GOOD)
    (here / "for.scn").write_text(scene('for x in "a/b", "a-b"', "client: socket"))
    for _ in range(2):
        _, records = tool.play("--ip", "4", "--captures", "made", "a/b.scn", "a-b.scn", "c.scn", "../c.scn",
                               "for.scn", cwd=here)
        names = [Path(record["capture"]).name for record in records]
        assert names[:4] == ["a-b-4.pcapng", "a-b-4-2.pcapng", "c-4.pcapng", "c-4-2.pcapng"]
        assert len(set(names)) == 6 and {path.name for path in (here / "made").iterdir()} == set(names)


@pytest.mark.parametrize("target", ["other.scn", "good.scn", "link", "new.scn"])
def test_json_spares_scenarios(tool: Tool, stage: Path, target: str) -> None:
    """`--json a.scn b.scn` is a slip: nothing is written, nothing played."""
    (stage / "other.scn").write_text(GOOD)
    (stage / "link").symlink_to("good.scn")
    result = tool.run("run", "--json", target, "good.scn", cwd=stage)
    assert (result.returncode, result.stdout) == (USAGE, "")
    assert f"--json {target}: this is a scenario" in result.stderr
    assert (stage / "good.scn").read_text() == (stage / "other.scn").read_text() == GOOD
    assert not (stage / "new.scn").exists()


def terminal_output(command: list[str], env: dict[str, str]) -> str:
    """What a command writes to a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs,
                          env={**os.environ, "TERM": "xterm", **env}) as process:
        os.close(theirs)
        text = b""
        try:
            while block := os.read(ours, 65536):
                text += block
        except OSError:  # EIO: the last one has closed the terminal
            pass
        os.close(ours)
        process.wait(timeout=60)
    return text.decode(errors="replace")


def test_color(tool: Tool) -> None:
    """auto: on a terminal, unless NO_COLOR is set or TERM is dumb; always and never: as they say."""
    escape = "\033["
    command = tool.command("run", "--ip", "4", FIRST)
    plain = {"NO_COLOR": ""}
    assert escape not in tool.run("run", "--ip", "4", FIRST, env=plain).stdout
    assert escape in tool.run("run", "--ip", "4", "--color", "always", FIRST, env={"NO_COLOR": "1"}).stdout
    assert escape in terminal_output(command, plain)
    assert escape not in terminal_output(command, {"NO_COLOR": "1"})
    assert escape not in terminal_output(command, {**plain, "TERM": "dumb"})
    assert escape not in terminal_output([*command, "--color", "never"], plain)


# ---- check, list, doctor ----

def test_check(tool: Tool, stage: Path) -> None:
    """A line for each sound file, and the number of its variants; nothing with -q."""
    result = tool.run("check", "good.scn", "three.scn", cwd=stage)
    assert (result.returncode, result.stderr) == (PASSED, "")
    assert result.stdout == "good.scn: ok, 2 variants\nthree.scn: ok, 6 variants\n"
    assert tool.run("check", "-q", "good.scn", cwd=stage).stdout == ""


def test_check_tells_sound_from_faulty(tool: Tool, stage: Path) -> None:
    """Every error of every file, and still the sound files."""
    (stage / "faulty.scn").write_text(FAULTY)
    result = tool.run("check", "faulty.scn", "good.scn", cwd=stage)
    assert result.returncode == USAGE
    assert result.stdout == "good.scn: ok, 2 variants\n"
    assert result.stderr.startswith("faulty.scn:4:9: error:")


def test_shipped_scenarios_are_sound(tool: Tool) -> None:
    """All of scenarios/, with all three IP versions."""
    result = tool.run("check", "-q", "--ip", "all", SCENARIOS)
    assert (result.returncode, result.stderr) == (PASSED, "")


def test_list(tool: Tool, stage: Path) -> None:
    """Path, title, tags, variants."""
    text = tool.run("list", FIRST).stdout
    assert text.startswith(f"{FIRST}\n  A write after FIN and RST fails")
    assert "tags: rst fin errno" in text and "variants: [4] [6]" in text
    assert "(skipped here)" in tool.run("list", "skipped.scn", cwd=stage).stdout


def test_list_json(tool: Tool, stage: Path) -> None:
    """One object for each variant, with ids that no two share, and the parameters that -D gives back."""
    variants = tool.variants(".", cwd=stage)
    assert len({variant.id for variant in variants}) == len(variants) == 12
    three = [variant for variant in variants if variant.scenario == "./three.scn"]
    assert [variant.bindings["n"] for variant in three if variant.ip == "4"] == ["1", "2", "3"]
    for variant in three:
        _, records = tool.play(*variant.options(), variant.scenario, cwd=stage)
        assert [f"{record['scenario']}[{record['variant']}]" for record in records] == [variant.id]


def test_doctor(tool: Tool, tmp_path: Path) -> None:
    """All is well where the tests run: a line for each thing that was tried. Guests are where they can be."""
    result = tool.run("doctor", env={"XDG_CACHE_HOME": str(tmp_path)} if why_no_guests() else {})
    assert (result.returncode, result.stderr) == (PASSED, ""), result.stdout
    words = [line.split()[:2] for line in result.stdout.splitlines()]
    assert {word for _, word in words} >= {"kernel", "clock", "namespaces", "wire"}
    assert {ok for ok, _ in words} <= {"ok", "-"}  # "-": what could be there, too


# ---- when writing fails ----

WRITERS = [["run", FIRST], ["run", "--json", "-", FIRST], ["list", FIRST], ["list", "--json", FIRST],
           ["check", FIRST], ["doctor"], ["--help"], ["--version"], ["run", "--help"]]


@pytest.mark.parametrize("args", WRITERS, ids=" ".join)
def test_full_disk(tool: Tool, args: list[str]) -> None:
    """Output that could not be written is an error, and says so."""
    with open("/dev/full", "wb") as full:
        result = subprocess.run(tool.command(*args), cwd=ROOT, stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert result.returncode != PASSED
    assert b"No space left on device" in result.stderr


def test_full_disk_for_json(tool: Tool) -> None:
    """What has been played is told; what has not been is not: nobody could read of it."""
    result = tool.run("run", "--json", "/dev/full", FIRST)
    assert result.returncode == MACHINE
    assert summary(result.stdout) in ("1 passed, 1 not played", "2 passed")
    assert "/dev/full: No space left on device" in result.stderr


@pytest.mark.parametrize("args", WRITERS, ids=" ".join)
def test_closed_pipe(tool: Tool, args: list[str]) -> None:
    """A reader that is gone ends the program, by SIGPIPE or with an error; it neither hangs nor claims success."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        result = subprocess.run(tool.command(*args), cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, timeout=60)
    finally:
        os.close(writing)
    assert result.returncode != PASSED
