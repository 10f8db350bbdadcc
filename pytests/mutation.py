"""Wrong expectations, made from right ones: the text of a scenario with one expectation changed.

Works on words, not on the grammar: a line of the timeline is cut into tokens, and each rule below knows one kind of
expectation by its neighbourhood. What a rule makes may be nonsense to the language (`tcpscen check` weeds that out);
it must never be right. Lines keep their numbers.
"""
from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

WATCHING = frozenset({"expect", "drop", "duplicate", "corrupt", "delay", "hold", "rewrite"})  # these check
NUMBERED = frozenset({"seq", "ack", "win", "len", "urgent", "ttl", "dscp", "mtu", "id", "mss", "wscale"})
STATES = frozenset({"CLOSED", "LISTEN", "SYN-SENT", "SYN-RECV", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2",
                    "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT"})
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|->|[<>=!]=|[<>]|#.*|,|[^\s,]+')
NUMBER = re.compile(r"-?\d+|0x[0-9a-f]+", re.IGNORECASE)
ERRNO = re.compile(r"E[A-Z0-9]{2,}")


@dataclass(frozen=True)
class Token:
    """A word with its place in the line: text == line[start:end]."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Mutant:
    """A whole scenario with one wrong expectation."""

    line: int       # 1-based
    kind: str       # which rule made it: "flags", "errno" …
    was: str        # the line as it was
    now: str        # and as it is
    text: str       # the scenario


Change = tuple[int, str]  # index of a token, and what stands in its place
Rule = Callable[[list[str]], Iterator[Change]]


def tokens(line: str) -> list[Token]:
    """The line's tokens without its comment."""
    found = [Token(match[0], *match.span()) for match in TOKEN.finditer(line)]
    return [token for token in found if not token.text.startswith("#")]


def watches(words: list[str]) -> bool:
    """Is it a wire line that checks a packet? `drop all` and the like are standing rules, which check nothing."""
    return len(words) > 1 and words[0] in WATCHING and words[1] not in ("all", "packets")


# ---- rules: words of a line -> changes, each of which makes it wrong ----

def flags(words: list[str]) -> Iterator[Change]:
    """Another packet; the same with PSH or without it, where the payload does not say so; another ICMP error."""
    if not watches(words):
        return
    if words[1] == "icmp":
        yield 2, "port-unreachable" if words[2] != "port-unreachable" else "time-exceeded"
        return
    yield 1, {"RST": "FIN-ACK", "SYN": "SYN-ECE"}.get(words[1], "RST")  # a SYN begins a connection: it stays one
    if "data" in words and words[1] in ("ACK", "PSH-ACK"):
        yield 1, "ACK" if words[1] == "PSH-ACK" else "PSH-ACK"


def fields(words: list[str]) -> Iterator[Change]:
    """A number beside the right one."""
    if not watches(words):
        return
    for i, word in enumerate(words[:-1]):
        if word in NUMBERED and NUMBER.fullmatch(words[i + 1]):
            number = int(words[i + 1], 0)
            yield i + 1, str(number - 1 if number > 1 else number + 1)
        if word in ("seq", "ack") and words[i + 1] == "next":
            yield i + 1, "next+1"


def options(words: list[str]) -> Iterator[Change]:
    """Options where there are none."""
    if watches(words):
        yield from ((i + 1, "sackok") for i, word in enumerate(words[:-1])
                    if word == "options" and words[i + 1] == "none")


def payload(words: list[str]) -> Iterator[Change]:
    """The last byte changed, or one byte less: what is expected on the wire, and what is read."""
    expected = [i + 1 for i, word in enumerate(words[:-1])
                if word == "->" or (word == "data" and watches(words))]
    for i in expected:
        if re.fullmatch(r'".*[^\\]"', words[i]):
            yield i, words[i][:-2] + ("1" if words[i][-2] == "0" else "0") + '"'  # as good a digit as a letter
        elif words[i + 1:i + 2] == ["bytes"] and NUMBER.fullmatch(words[i]):
            yield i, str(int(words[i]) - 1)


def success(words: list[str]) -> str | None:
    """What the call of this line might have returned, "ok" by default; None for a question."""
    results = {"read": "0", "recv": "0", "recvmsg": "0", "write": "1", "send": "1", "sendfile": "1", "poll": "0",
               "getsockopt": "0", "ioctl": "0", "error": None, "getsockname": None, "getpeername": None}
    known = [results[word] for word in words[1:words.index("->")] if word in results]
    return known[0] if known else "ok"


def result(words: list[str]) -> Iterator[Change]:
    """Another outcome of a call, another answer to a question."""
    if "->" not in words[:-1]:
        return
    i = words.index("->") + 1
    word, after = words[i], words[i + 1:i + 2]
    if word == "ok":
        yield i, "EIO"
    elif ERRNO.fullmatch(word) and word not in STATES:
        yield i, "EIO" if word != "EIO" else "EPIPE"
        if "SIGPIPE" not in words and success(words):
            yield i, success(words) or ""
    elif word in ("yes", "no"):
        yield i, "no" if word == "yes" else "yes"
    elif word == "queued" and after:
        yield i + 1, "EIO"
    elif NUMBER.fullmatch(word) and after != ["bytes"]:
        yield i, other_number(words[:i], int(word, 0))
    elif word in (">", ">=") and after:
        yield i + 1, "2000000000"
    elif re.fullmatch(r"\S*:\d+", word):
        yield i, word.partition(":")[0] + (":9" if not word.endswith(":9") else ":7")
    elif word.startswith("POLL"):
        yield i, "POLLPRI" if word != "POLLPRI" else "POLLIN"


def other_number(asked: list[str], number: int) -> str:
    """What a call or question might have answered in place of a number."""
    if number == 0 and "error" in asked:
        return "EIO"
    if number == 0 and "poll" in asked:
        return "POLLIN"
    return str(number - 1 if number > 0 else 1)


def state(words: list[str]) -> Iterator[Change]:
    """A state that is far away."""
    if "->" in words[:-1] and "state" in words:
        i = words.index("->") + 1
        if words[i] in STATES:
            yield i, "SYN-SENT" if words[i] == "LISTEN" else "LISTEN"


def later(words: list[str]) -> Iterator[Change]:
    """A time that is over before the expected one begins."""
    if not (watches(words) or "->" in words):
        return
    for i, word in enumerate(words[:-1]):
        if word == "after" and seconds_of(words[i + 1:i + 2]):
            yield i + 1, f"{seconds_of(words[i + 1:i + 2])[0] * 3 + 1:g}s"


RULES: Mapping[str, Rule] = {"flags": flags, "field": fields, "options": options, "payload": payload, "result": result,
                             "state": state, "time": later}


# ---- whole scenarios ----

def sentences(text: str) -> Iterator[tuple[int, str]]:
    """(number, line) of all lines but those of verbatim strings, which may look like anything."""
    verbatim = False
    for number, line in enumerate(text.split("\n"), 1):
        inside, verbatim = verbatim, verbatim ^ (line.count('"""') % 2 == 1)
        if not inside and '"""' not in line:
            yield number, line


def replaced(text: str, changed: Mapping[int, str]) -> str:
    """The text with some lines (by their numbers) changed."""
    return "\n".join(changed.get(number, line) for number, line in enumerate(text.split("\n"), 1))


def bound(text: str, bindings: Mapping[str, str]) -> str:
    """The scenario with one value for each parameter; its `for` lines are empty."""
    changed = {}
    for number, line in sentences(text):
        for token in reversed(tokens(line)):
            if token.text.startswith("$") and token.text[1:] in bindings:
                line = line[:token.start] + bindings[token.text[1:]] + line[token.end:]
        changed[number] = "" if re.match(r"\s*for\s+\S+\s+in\s", line) else line
    return replaced(text, changed)


def with_patience(text: str, patience: str) -> str:
    """The scenario with this patience on a line before its last `host`: the lines from there move down by one.

    A scenario with a patience of its own keeps it, and its lines.
    """
    lines = dict(sentences(text))
    if any(re.match(r"\s*patience\s", line) for line in lines.values()):
        return text
    last = max(number for number, line in lines.items() if re.match(r"\s*host\s", line))
    return replaced(text, {last: f"patience {patience}\n{lines[last]}"})


COMPARE: Mapping[str, Callable[[tuple[int, int], tuple[int, int]], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne}


def version(text: str) -> tuple[int, int]:
    """"6.5.0-rc1" -> (6, 5). Raises ValueError."""
    match = re.match(r"(\d+)\.(\d+)", text)
    if not match:
        raise ValueError(f"no kernel version: {text}")
    return int(match[1]), int(match[2])


def played(text: str, release: str) -> Iterator[tuple[int, str]]:
    """Those sentences that a kernel of this release plays: blocks for other kernels are left out."""
    blocks: list[bool] = []
    for number, line in sentences(text):
        words = [token.text for token in tokens(line)]
        if words[:1] == ["kernel"] and len(words) == 3:
            blocks.append(COMPARE[words[1]](version(release), version(words[2])))
        elif words == ["else"]:
            blocks[-1] = not blocks[-1]
        elif words == ["end"]:
            blocks.pop()
        elif all(blocks):
            yield number, line


def seconds_of(words: list[str]) -> list[float]:
    """The durations that stand on a line, in seconds."""
    units = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
    matches = (re.fullmatch(r"(\d+(?:\.\d+)?)(ns|us|ms|s|min|h)", word) for word in words)
    return [float(match[1]) * units[match[2]] for match in matches if match]


def quick(lines: Iterator[tuple[int, str]], limit: float) -> Iterator[tuple[int, str]]:
    """The sentences before the first that takes more than `limit` seconds; that one, too, if it starts sooner."""
    for number, line in lines:
        words = [token.text for token in tokens(line)]
        times = seconds_of(words) if watches(words) or words[:1] == ["wait"] or "->" in words else []
        if times and times[0] > limit:
            return
        yield number, line
        if times and max(times) > limit:
            return


def mutants(text: str, lines: Iterator[tuple[int, str]]) -> Iterator[Mutant]:
    """All mutants that the rules can make of these lines of a scenario."""
    for number, line in lines:
        places = tokens(line)
        for kind, rule in RULES.items():
            for i, word in rule([place.text for place in places]):
                now = line[:places[i].start] + word + line[places[i].end:]
                yield Mutant(number, kind, line, now, replaced(text, {number: now}))
