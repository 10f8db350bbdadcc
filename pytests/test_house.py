"""The rules of docs/architecture.md that a program can check, read off the sources and the objects."""
from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from toolkit import ROOT, Tool, run

HARNESS = ROOT / "harness"
ROOMS = ("base", "lang", "plan", "world", "peer", "wire", "run", "report", "command")  # from the bottom up

INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)

# A library is named where it is wrapped, and nowhere else.
LIBRARIES = {
    r"libnet\.h|libnet/": {"wire/craft.c"},
    r"pcap\.h|pcap/": {"wire/capture.c"},
    r"libmnl/": {"world/netlink.c", "peer/sockdiag.c"},
}


def sources(room: str, pattern: str = "*.[ch]") -> list[Path]:
    """The room's files, sorted."""
    return sorted((HARNESS / room).glob(pattern))


def edges(room: str) -> Iterator[tuple[str, str]]:
    """(file, header) for each include of the project's own headers; both relative to harness/."""
    for path in sources(room):
        for header in INCLUDE.findall(path.read_text(encoding="utf-8")):
            if (HARNESS / header).exists():
                yield str(path.relative_to(HARNESS)), header


def table() -> dict[str, tuple[str, ...]]:
    """What each room sees besides itself, as docs/architecture.md has it: rooms ("base/") and single headers."""
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|.*\|(.*)\|$", page, re.MULTILINE)
    return {room: tuple(name if name.endswith(".h") else f"{name}/" for name in re.findall(r"[\w/.]+", sees)
                        if name != "nothing") for room, sees in rows}


def test_rooms_are_those_of_the_page() -> None:
    """The table of docs/architecture.md lists the rooms in this order, and there are no others."""
    assert tuple(table()) == ROOMS
    beside = {"unit", "fuzz", "bench", "kernel"}
    assert {path.name for path in HARNESS.iterdir() if path.is_dir()} - beside == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_table_looks_down(room: str) -> None:
    """A room sees what is below it, and headers that are there."""
    below = ROOMS[:ROOMS.index(room)]
    wrong = [name for name in table()[room] if name.partition("/")[0] not in below or not (HARNESS / name).exists()]
    assert not wrong, wrong


@pytest.mark.parametrize("room", ROOMS)
def test_includes_run_downward(room: str) -> None:
    """No include of what the room does not see."""
    assert sources(room), "an empty room proves nothing"
    seen = (f"{room}/", *table()[room])
    wrong = [f"{file} includes {header}" for file, header in edges(room) if not header.startswith(seen)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("room", ROOMS)
def test_each_header_compiles_alone(room: str) -> None:
    """As gcc sees it, with nothing before it."""
    errors = []
    for header in sources(room, "*.h"):
        result = run(["gcc", "-std=c11", "-D_GNU_SOURCE", "-Iharness", "-Wall", "-Wextra", "-Werror",
                      "-fsyntax-only", "-x", "c", "-include", str(header), "/dev/null"])
        if result.returncode != 0:
            errors.append(result.stderr)
    assert not errors, "\n".join(errors)


@pytest.mark.parametrize("header", LIBRARIES)
def test_library_is_named_in_one_place(header: str) -> None:
    """The header's name as a regular expression; the unit tests, too, go through the wrapper."""
    users = {str(path.relative_to(HARNESS)) for path in HARNESS.rglob("*.[ch]") if "fuzz" not in path.parts
             for name in INCLUDE.findall(path.read_text(encoding="utf-8")) if re.match(header, name)
             if "unit" not in path.parts}
    assert users == LIBRARIES[header]


# ---- no mutable file-scope state ----

def writable_objects(path: Path) -> Iterator[str]:
    """Names of data objects that the program may write to, of an ELF object or executable with debug information.

    Read-only data that needs relocating (tables of strings in a position-independent executable) is in
    .data.rel.ro, which the loader write-protects: that is no state.
    """
    table = run(["objdump", "--syms", "--wide", str(path)]).stdout
    for line in table.splitlines():
        match = re.match(r"\S+ (.{7}) (\.t?data\S*|\.t?bss\S*|\*COM\*)\s+(\S+)\s+(?:\.hidden )?(\S+)$", line)
        if match and "O" in match[1] and not match[2].startswith(".data.rel.ro") and int(match[3], 16):
            yield match[4]


def test_no_mutable_state(tool: Tool) -> None:
    """No object of ours in a writable section, in any object file beside the binary."""
    objects = sorted((tool.binary.parent / "obj").rglob("*.o"))
    if not objects:
        pytest.skip(f"no object files in {tool.binary.parent / 'obj'}")
    sanitizer = re.compile(r"^__(asan|ubsan|odr_asan|sanitizer)|^\.?L(ubsan|asan)|^_?_odr")
    state = [f"{path.name}: {name}" for path in objects for name in writable_objects(path)
             if not sanitizer.match(name)]
    assert not state, "\n".join(state)


def test_state_would_be_found(tmp_path: Path) -> None:
    """The test above can fail: it sees a static counter, and a static local one."""
    source, compiled = tmp_path / "state.c", tmp_path / "state.o"
    source.write_text("static int zero; static int one = 1; static const char *const fixed[] = { \"a\" };\n"
                      "int f(int i) { static int calls; return zero++ + one++ + calls++ + *fixed[i]; }\n")
    subprocess.run(["gcc", "-fPIE", "-c", str(source), "-o", str(compiled)], check=True)
    assert {name.split(".")[0] for name in writable_objects(compiled)} == {"zero", "one", "calls"}


# ---- words ----

def shipped_texts() -> Iterator[Path]:
    """All files under version control, or all that a copy without git has."""
    listing = run(["git", "ls-files", "-z"])
    names = listing.stdout.split("\0") if listing.returncode == 0 else []
    paths = [ROOT / name for name in names if name] or [path for path in ROOT.rglob("*") if "build" not in path.parts]
    yield from (path for path in paths if path.is_file())


def test_no_word_of_the_place_it_was_written_in() -> None:
    """No absolute path of a developer's machine, no unfinished business."""
    foreign = re.compile(rb"/(?:work|home/\w+|root)/\w|\.\./shared|\b(?:TO" rb"DO|FIX" rb"ME|X{3})\b")
    wrong = [f"{path.relative_to(ROOT)}: {match[0].decode()}" for path in shipped_texts()
             if path.suffix not in {".pcap", ".pcapng"} and "corpus" not in path.parts
             for match in foreign.finditer(path.read_bytes())]
    assert not wrong, "\n".join(wrong)
