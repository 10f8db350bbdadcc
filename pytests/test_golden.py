"""Every message about a faulty scenario, to the letter: bad/NAME.scn is refused with exactly bad/NAME.err.

tcpscen runs in this folder, so that the paths in the messages are `bad/NAME.scn`.
"""
from __future__ import annotations

import resource
from pathlib import Path

import pytest

from toolkit import USAGE, Result, Tool, scene

HERE = Path(__file__).resolve().parent
BAD = sorted((HERE / "bad").glob("*.scn"), key=lambda path: path.name)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_message(tool: Tool, path: Path) -> None:
    """check and run say the same, and run starts nothing: no verdict, no summary."""
    expected = path.with_suffix(".err").read_text(encoding="utf-8")
    assert expected, "an empty .err would prove nothing"
    for command in ("check", "run"):
        result = tool.run(command, f"bad/{path.name}", cwd=HERE)
        assert result.stderr == expected
        assert (result.stdout, result.returncode) == ("", USAGE)


def test_nothing_without_partner() -> None:
    """Each .scn has its .err, each .err its .scn."""
    messages = {path.stem for path in (HERE / "bad").glob("*.err")}
    assert messages == {path.stem for path in BAD}


# ---- inputs too large for files ----

MEMORY = 1 << 30  # bytes that a check of the largest file here may use


def refuse(tool: Tool, path: Path) -> Result:
    """Check a file that must be refused, with a diagnostic at a place in it and in bounded time and memory."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    result = tool.run("check", path.name, cwd=path.parent, timeout=60)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    assert result.returncode == USAGE, result.stderr[:2000]
    assert f"{path.name}:" in result.stderr and "error: " in result.stderr
    assert peak < MEMORY or peak == before * 1024
    assert len(result.stderr) < 1 << 20, "a message longer than anybody reads"
    return result


def deep(levels: int) -> str:
    """A scenario of `levels` nested kernel blocks."""
    return scene(*["kernel >= 1.0"] * levels, "client: socket", *["end"] * levels)


@pytest.mark.parametrize(("name", "content"), [
    ("words", b"scenario " + b"word " * (2 << 20)),                       # 10 MB on one line
    ("one_word", b"scenario " + b"x" * (10 << 20)),
    ("string", b'scenario "' + b"x" * (10 << 20)),                        # without its end
    ("lines", scene(*["client: sockket"] * 100_000).encode()),            # 100,000 errors
    ("comment", b"#" + b"x" * (10 << 20)),
    ("newlines", b"\n" * (10 << 20)),
    ("binary", bytes(range(256)) * 4096),
    ("nul", scene("client: socket\0").encode()),
    ("nul_only", b"\0" * (10 << 20)),
    ("not_utf8", b"\xff\xfe" * (1 << 20)),
    ("half_a_character", 'scenario "€'.encode()[:-1]),
    ("deep", deep(17).encode()),
    ("very_deep", deep(100_000).encode()),
    ("options", scene("send SYN from server options " + ",".join(["nop"] * 100_000)).encode()),
    ("parameters", scene("for a in " + ",".join(map(str, range(100_000)))).encode()),
    ("continued", scene("client: socket \\" + "\\\n" * 100_000).encode()),
], ids=lambda value: value if isinstance(value, str) else "")
def test_large_or_damaged(tool: Tool, tmp_path: Path, name: str, content: bytes) -> None:
    """Refused with a place: no crash, no endless work, no flood."""
    path = tmp_path / f"{name}.scn"
    path.write_bytes(content)
    refuse(tool, path)


def test_deepest_allowed(tool: Tool, tmp_path: Path) -> None:
    """Sixteen levels are allowed; the seventeenth is not (see "deep" above)."""
    path = tmp_path / "deep.scn"
    path.write_text(deep(16))
    result = tool.run("check", path)
    assert result.returncode == 0, result.stderr


def test_long_but_sound(tool: Tool, tmp_path: Path) -> None:
    """A hundred thousand good lines are no error."""
    path = tmp_path / "long.scn"
    path.write_text(scene("client: socket", *["client: state -> CLOSED"] * 100_000))
    result = tool.run("check", path)
    assert result.returncode == 0, result.stderr[:2000]


def test_empty_folder(tool: Tool, tmp_path: Path) -> None:
    """A folder without scenarios is a mistake, not a success."""
    result = tool.run("check", tmp_path)
    assert result.returncode == USAGE
    assert str(tmp_path) in result.stderr and "no scenarios" in result.stderr
