"""The documents say what the program does: options, words of the language, examples, fields of records."""
from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from toolkit import PASSED, ROOT, Tool, run, scene

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md")) + [ROOT / "README.md"]
MANUALS = sorted(DOCS.glob("*.[1-8]"))
LANGUAGE = (DOCS / "language.md").read_text(encoding="utf-8")
COMMANDS = ("run", "check", "list", "doctor")


def name_of(path: Path) -> str:
    return path.name


def plain(manual: Path) -> str:
    """A manual page as it is read, without overstriking, on lines that are not broken."""
    text = run(["mandoc", "-T", "utf8", "-O", "width=1000", str(manual)]).stdout
    return re.sub(r".\x08", "", text)


needs_mandoc = pytest.mark.skipif(not shutil.which("mandoc"), reason="mandoc is not installed")


# ---- manual pages ----

@needs_mandoc
@pytest.mark.parametrize("manual", MANUALS, ids=name_of)
def test_manual_is_clean(manual: Path) -> None:
    result = run(["mandoc", "-T", "lint", "-W", "warning", str(manual)])
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


def test_there_are_two_manuals() -> None:
    """The tests above and below would pass without any, too."""
    assert [manual.name for manual in MANUALS] == ["scn.5", "tcpscen.1"]


def options_of_help(tool: Tool, command: str) -> set[str]:
    """The options that --help shows at the beginning of a line or of its usage."""
    text = tool.run(command, "--help").stdout
    lines = re.findall(r"^  (-[\w-]+)", text, re.MULTILINE)
    usage = re.findall(r"\[(-[\w-]+)", text.splitlines()[0])
    assert lines or usage
    return set(lines + usage)


def options_of_manual(command: str) -> set[str]:
    """The options that the command's part of tcpscen(1) lists."""
    source = (DOCS / "tcpscen.1").read_text(encoding="utf-8")
    part = re.search(rf"^\.Ss tcpscen {command}\n(.*?)^\.S[sh] ", source, re.MULTILINE | re.DOTALL)
    assert part, f"no part about {command}"
    items = "\n".join(line for line in part[1].splitlines() if line.startswith(".It "))
    return {"-" + option for option in re.findall(r"\bFl (\S+)", items)}


@pytest.mark.parametrize("command", COMMANDS)
def test_options_of_help_are_in_the_manual(tool: Tool, command: str) -> None:
    assert options_of_help(tool, command) <= options_of_manual(command)


@pytest.mark.parametrize("command", COMMANDS)
def test_options_of_the_manual_are_known(tool: Tool, command: str) -> None:
    """--help shows the short one of two; getopt tells about the others."""
    for option in sorted(options_of_manual(command)):
        said = tool.run(command, option).stderr
        assert not re.search("unrecognized option|invalid option|ambiguous", said), (option, said)


def test_synopsis_has_every_option() -> None:
    """Of those with a short and a long name, the short one."""
    source = (DOCS / "tcpscen.1").read_text(encoding="utf-8")
    synopsis = source[source.index(".Sh SYNOPSIS"):source.index(".Sh DESCRIPTION")]
    parts = re.split(r"^\.Nm\n\.Cm (?=run|check|list|doctor)", synopsis, flags=re.MULTILINE)[1:]
    twins = {"--jobs", "--quiet", "--verbose", "--exitfirst", "-h", "--help"}
    for part, command in zip(parts, COMMANDS, strict=True):
        assert part.startswith(command)
        own = part.split("\n.Nm")[0]
        flags = {"-" + flag for flag in re.findall(r"\bFl (\S+)", own)}
        clustered = {f"-{letter}" for flag in flags if re.fullmatch(r"-[a-z]{2,}", flag) for letter in flag[1:]}
        known = {flag for flag in flags if not re.fullmatch(r"-[a-z]{2,}", flag)} | clustered
        assert known == options_of_manual(command) - twins


# ---- the words of the language ----

def grammar() -> str:
    """The grammar block of language.md."""
    block = re.search(r"^## 2\. The grammar.*?^```\n(.*?)^```", LANGUAGE, re.MULTILINE | re.DOTALL)
    assert block
    return block[1]


def terminals() -> set[str]:
    """What stands between quotes in the grammar, and the words of flags and ICMP kinds."""
    text = grammar()
    words = set(re.findall(r'"([A-Za-z][\w-]*)"', text))
    words |= set(re.search(r"flag = ([A-Z ]+)", text)[1].split())
    kinds = re.search(r"ICMPKIND  =(.*?)\n\n", text, re.DOTALL)[1]
    return words | set(re.findall(r"[a-z]+(?:-[a-z]+)+", kinds))


def table_words(heading: str) -> list[str]:
    """The words in the first column of the table with this heading."""
    table = re.search(rf"^\| {heading} \|.*\n((?:\|.*\n)+)", LANGUAGE, re.MULTILINE)
    assert table, heading
    rows = table[1].splitlines()[1:]
    return [word for row in rows for word in re.findall(r"`([a-z]+)[` ]", row.split("|")[1])]


def calls() -> list[str]:
    return table_words("call")


def questions() -> list[str]:
    return table_words("question")


@needs_mandoc
def test_every_word_is_in_the_manual() -> None:
    words = terminals() | set(calls()) | set(questions())
    assert len(words) > 100
    text = plain(DOCS / "scn.5")
    missing = sorted(word for word in words if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w])", text))
    assert missing == []


def test_calls_are_those_of_the_program() -> None:
    """plan/calls.c lists them for its advice; a unit test compares that list with its table."""
    source = (ROOT / "harness/plan/calls.c").read_text(encoding="utf-8")
    words = re.search(r"words\[\] = \{(.*?)NULL", source, re.DOTALL)
    known = re.findall(r'"(\w+)"', words[1])
    later = {"timer", "queues", "info", "sockets", "counter"} - set(questions())
    programs = set(table_words("program"))
    assert sorted(known) == sorted((set(calls() + questions()) | programs) - later)


def test_all_of_the_language_is_played() -> None:
    """Nothing is parsed and then refused for being new."""
    refusals = [path for room in ("lang", "plan") for path in (ROOT / "harness" / room).glob("*.c")
                if "not played yet" in path.read_text(encoding="utf-8")]
    assert not refusals
    assert "not played yet" not in LANGUAGE


def test_what_needs_two_kernels_says_so(tool: Tool, tmp_path: Path) -> None:
    """With a crafted host each is refused, by that reason; between two kernels it is fine."""
    rule = "drop all packets from client"
    lines = ["delay ACK from client by 1ms", "duplicate ACK from client", "hold ACK from client as a",
             "corrupt ACK from client", "rewrite ACK from client win 0", "delay all packets by 40ms",
             "duplicate 1st ACK from client", "corrupt 2nd ACK from client", "rewrite 2nd ACK from client win 0",
             "delay 2nd ACK from client by 1s", "cut wire", "cut client to server",
             "inject RST from server after FIN-ACK from client"]
    for line in (*lines, rule):
        path = tmp_path / "two.scn"
        for server in ("crafted", "kernel"):
            release = ["release a"] if "hold" in line else []
            path.write_text(scene("establish client to server:8080", line, *release, server=server), encoding="utf-8")
            checked = tool.run("check", path)
            refused = server == "crafted" and line != rule
            assert (checked.returncode != PASSED) == refused, (line, server, checked.stderr)
            assert not refused or re.search(r":5:\d+: error: .*two kernel hosts", checked.stderr), checked.stderr


# ---- examples ----

def blocks() -> Iterator[tuple[str, str]]:
    """(name, text) of each complete scenario in the documents."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for number, block in enumerate(re.findall(r"^```scenario\n(.*?)^```", text, re.MULTILINE | re.DOTALL)):
            yield f"{page.name}-{number + 1}", block
    for manual in MANUALS:
        text = manual.read_text(encoding="utf-8")
        for number, block in enumerate(re.findall(r"^\.Bd .*?\n(.*?)^\.Ed", text, re.MULTILINE | re.DOTALL)):
            if block.startswith("scenario "):
                yield f"{manual.name}-{number + 1}", block.replace("\\e", "\\")


BLOCKS = list(blocks())


@pytest.mark.parametrize(("name", "text"), BLOCKS, ids=[name for name, _ in BLOCKS])
def test_example_passes(tool: Tool, tmp_path: Path, name: str, text: str) -> None:
    """Not only as far as the language goes: the kernel does what the page says."""
    path = tmp_path / f"{name}.scn"
    path.write_text(text, encoding="utf-8")
    checked = tool.run("check", path)
    assert checked.returncode == PASSED, checked.stderr
    played = tool.run("run", "--color", "never", path)
    assert played.returncode == PASSED, played.stdout + played.stderr


@needs_mandoc
def test_single_lines_of_the_manual(tool: Tool, tmp_path: Path) -> None:
    """The lines below 'Single lines:' are sentences of the language."""
    source = (DOCS / "scn.5").read_text(encoding="utf-8")
    lines = re.search(r"^Single lines:\n\.Bd [^\n]*\n(.*?)^\.Ed", source, re.MULTILINE | re.DOTALL)[1].splitlines()
    assert len(lines) > 4
    for line in lines:
        opening = [] if "expect SYN from" in line else ["establish client to server:8080"]
        reading = ["client/reader: read"] if "reader" in line else []
        path = tmp_path / "line.scn"
        path.write_text(scene(*opening, *reading, line.replace("\\e", "\\")), encoding="utf-8")
        checked = tool.run("check", path)
        assert checked.returncode == PASSED, checked.stderr


@pytest.mark.parametrize("page", PAGES + MANUALS, ids=name_of)
def test_files_named_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"scenarios/[\w./-]+\.scn", text))
    named |= set(re.findall(r"`((?:docs|harness|pytests)/[\w./-]+)`", text))
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), (page.name, target)


# ---- records ----

def keys_of(value: Any, path: str = "") -> Iterator[str]:
    """The names of all fields, at any depth, but parameters' own."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            if key != "bindings":
                yield from keys_of(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner, path)


TALKATIVE = scene(
    "ip both", "for word in yes, no", "needs kernel >= 3.0",
    "establish client to server:8080",
    "client: setsockopt SO_LINGER 1 0 -> ok", "client: setsockopt TCP_NODELAY 1 -> ok",
    "client: getsockopt TCP_NODELAY -> 1", "client: fcntl F_GETFL -> O_RDWR",
    "client: fcntl F_SETFL O_RDWR -> ok", "client: ioctl SIOCINQ -> 0", "client: getpeername -> server:8080",
    "client: poll POLLIN timeout 0ms -> 0", "client: state -> ESTABLISHED", "client: shutdown SHUT_RD -> ok",
    "client: socket as other", "client: listen 90 -> ok", "client: bind any:91 on other -> ok",
    "client: read on other -> 5", title="fails at its last line")


WIRE = scene(
    "ip 4", "establish client to server:8080", 'server: run "true" as other', "server: exit on other -> 0",
    'client: write "x" -> 1', "hold PSH-ACK from client as late", "expect PSH-ACK from client again",
    "expect ACK from server", "release late", "expect ACK from server", "client: timer -> off",
    "client: queues -> 0 0", "client: info snd_cwnd -> >= 1", "client: sockets -> ESTABLISHED",
    "client: counter ActiveOpens -> 1",
    server="kernel", title="has what two kernels and their questions tell")


def test_fields_of_records_are_in_the_manual(tool: Tool, tmp_path: Path) -> None:
    """Of a record that passed, one with ICMP, one of two kernels, and a failure; `list --json`, too."""
    path = tmp_path / "talkative.scn"
    path.write_text(TALKATIVE, encoding="utf-8")
    icmp = tmp_path / "icmp.scn"
    icmp.write_text(scene("establish client to server:8080", 'client: write "x" -> 1', "expect PSH-ACK from client",
                          "send icmp host-unreachable from server", "send ACK from server", "wait 5ms"),
                    encoding="utf-8")
    wire = tmp_path / "wire.scn"
    wire.write_text(WIRE, encoding="utf-8")
    _, records = tool.play(path, icmp, wire, "scenarios/rst_after_fin.scn", "--captures", tmp_path / "captures")
    assert {record["verdict"] for record in records} == {"passed", "failed"}
    listed = tool.run("list", "--json", path).stdout
    keys = set(keys_of(records)) | set(re.findall(r'"(\w+)":', listed)) - {"word"}
    source = (DOCS / "tcpscen.1").read_text(encoding="utf-8")
    documented = {word for line in re.findall(r"^\.(?:It |Pq )?Va (.*)$", source, re.MULTILINE)
                  for word in re.findall(r"\w+", line)}
    assert sorted(keys - documented) == []
