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
from typing import NamedTuple

WATCHING = frozenset({"expect", "drop", "duplicate", "corrupt", "delay", "hold", "rewrite"})  # these check
NUMBERED = frozenset({"seq", "ack", "win", "len", "urgent", "ttl", "dscp", "mtu", "mss", "wscale", "offset",
                      "reserved", "checksum"})
OTHER_WORD = {"ecn": {"ce": "ect0", "ect0": "ce", "ect1": "ce", "not-ect": "ce"}, "df": {"on": "off", "off": "on"},
              "checksum": {"bad": "1"}}
FIELDS = NUMBERED | {"ecn", "df", "id", "flowlabel", "data", "options"}
ENDS_OPTIONS = (FIELDS - {"mss", "wscale"}) | {"from", "to", "on", "as", "by", "again", "within", "after", "between",
                                               "at", "about"}
UNKNOWN_OPTION = "hex fd 02"  # RFC 4727: for experiments
FAR = 7_654_321               # no counter of a scenario comes near it
FAR_RANGES = {"seq": f"{FAR}..{FAR + 1}", "ack": f"{FAR}..{FAR + 1}", "len": "1400..1401", "win": "12345..12346"}
STATES = frozenset({"CLOSED", "LISTEN", "SYN-SENT", "SYN-RECV", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2",
                    "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT"})
TIMERS = frozenset({"off", "on", "keepalive", "timewait", "persist", "delack"})
CA_STATES = frozenset({"Open", "Disorder", "CWR", "Recovery", "Loss"})
QUESTIONS = frozenset({"timer", "queues", "info", "sockets", "counter"})  # with numbers or words of their own
ASKED = QUESTIONS | {"state", "error", "readable"}
TIME_WORDS = frozenset({"within", "after", "between", "at", "until"})
SCHEDULE = "schedule"
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|->|[<>=!]=|[<>]|#.*|,|[^\s,]+')
BYTE = re.compile(r"[0-9a-f]{2}")
RANGE = re.compile(r"-?\d+\.\.-?\d+")
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
    seconds: float = 0.0  # how long into its scenario it is caught, if a schedule says


class Change(NamedTuple):
    """Some tokens of a line, and what stands in their place."""

    at: int
    text: str
    count: int = 1


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
        yield Change(2, "port-unreachable" if words[2] != "port-unreachable" else "time-exceeded")
        return
    yield Change(1, {"RST": "FIN-ACK", "SYN": "SYN-ECE"}.get(words[1], "RST"))  # a SYN stays one
    if "data" in words and words[1] in ("ACK", "PSH-ACK"):
        yield Change(1, "ACK" if words[1] == "PSH-ACK" else "PSH-ACK")


def described(words: list[str]) -> list[str]:
    """The words that describe the packet: of `rewrite`, all but the last field, which is the new one."""
    if words[:1] != ["rewrite"]:
        return words
    return words[:max((i for i, word in enumerate(words) if word in FIELDS), default=len(words))]


def fields(words: list[str]) -> Iterator[Change]:
    """A number beside the right one, a range far from it, another word."""
    if not watches(words):
        return
    words = described(words)
    for i, (word, value) in enumerate(zip(words, words[1:])):
        if word in NUMBERED and NUMBER.fullmatch(value):
            number = int(value, 0)
            yield Change(i + 1, str(number - 1 if number > 1 else number + 1))
        if word in FAR_RANGES and RANGE.fullmatch(value):
            yield Change(i + 1, FAR_RANGES[word])
        if word in ("seq", "ack") and value == "next":
            yield Change(i + 1, "next+1")
        if word != "df" and value in OTHER_WORD.get(word, ()):
            yield Change(i + 1, OTHER_WORD[word][value])
        if word == "to" and re.fullmatch(r"\w+:\d+", value):
            yield Change(i + 1, value.partition(":")[0] + (":9" if not value.endswith(":9") else ":7"))


def ipv4_fields(words: list[str]) -> Iterator[Change]:
    """Of the header that IPv6 does not have."""
    if watches(words):
        for i, (word, value) in enumerate(zip(words, words[1:])):
            if word == "df" and value in OTHER_WORD["df"]:
                yield Change(i + 1, OTHER_WORD["df"][value])
            if word == "id" and NUMBER.fullmatch(value):
                yield Change(i + 1, str(int(value, 0) ^ 1))


def ipv6_fields(words: list[str]) -> Iterator[Change]:
    """Of the header that IPv4 does not have."""
    if watches(words):
        yield from (Change(i + 1, str(int(words[i + 1], 0) ^ 1)) for i, word in enumerate(words[:-1])
                    if word == "flowlabel" and NUMBER.fullmatch(words[i + 1]))


def listed_options(words: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Each option of the line's list: where it begins, and its words. `none` is one, `...` is none."""
    words = described(words)
    if "options" not in words:
        return
    begin = words.index("options") + 1
    ends = (i for i, word in enumerate(words[begin:], begin) if word in ENDS_OPTIONS)
    end = next(ends, len(words))
    while begin < end:
        stop = words.index(",", begin, end) if "," in words[begin:end] else end
        if words[begin] != "...":
            yield begin, words[begin:stop]
        begin = stop + 1


def options(words: list[str]) -> Iterator[Change]:
    """Options where there are none; of each in a list another in its place, and each number of it changed."""
    if not watches(words):
        return
    for at, option in listed_options(words):
        yield Change(at, "sackok" if option == ["none"] else UNKNOWN_OPTION, len(option))
        if option[0] == "ts":
            yield from (Change(at + i, "4000000001") for i, word in enumerate(option)
                        if i > 0 and (word == "last" or NUMBER.fullmatch(word)))
        if option[0] == "sack":
            blocks = ((i, word.split("-")) for i, word in enumerate(option) if re.fullmatch(r"\d+-\d+", word))
            for i, (left, right) in blocks:
                yield Change(at + i, f"{left}-{int(right) + 1}")
                yield Change(at + i, f"{int(left) + 1}-{right}")
        if "hex" in option[:2] and len(option) > 2:
            yield Change(at + len(option) - 1, f"{int(option[-1], 16) ^ 1:02x}")


def payload(words: list[str]) -> Iterator[Change]:
    """The last byte changed, or one byte less: what is expected on the wire, and what is read."""
    words = described(words)
    expected = [i + 1 for i, word in enumerate(words[:-1])
                if word in ("->", "contains") or (word == "data" and watches(words))]
    for i in expected:
        if re.fullmatch(r'".*[^\\]"', words[i]):
            yield Change(i, words[i][:-2] + ("1" if words[i][-2] == "0" else "0") + '"')  # as good a digit as a letter
        elif words[i + 1:i + 2] == ["bytes"] and NUMBER.fullmatch(words[i]):
            yield Change(i, str(int(words[i]) - 1))
        elif words[i] == "hex":
            last = max(j for j in range(i + 1, len(words)) if all(BYTE.fullmatch(word) for word in words[i + 1:j + 1]))
            yield Change(last, f"{int(words[last], 16) ^ 1:02x}")


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
        yield Change(i, "EIO")
    elif ERRNO.fullmatch(word) and word not in STATES:
        yield Change(i, "EIO" if word != "EIO" else "EPIPE")
        if "SIGPIPE" not in words and success(words):
            yield Change(i, success(words) or "")
    elif word in ("yes", "no"):
        yield Change(i, "no" if word == "yes" else "yes")
    elif word == "queued" and after:
        yield Change(i + 1, "EIO")
    elif QUESTIONS & set(words[:i]):
        return  # see questions()
    elif NUMBER.fullmatch(word) and after != ["bytes"]:
        yield Change(i, other_number(words[:i], int(word, 0)))
    elif word in (">", ">=") and after:
        yield Change(i + 1, "2000000000")
    elif word in ("SIGTERM", "SIGKILL") and "exit" in words:
        yield Change(i, "SIGINT")
    elif word == "end":
        yield Change(i, '"never written"')
    elif word.startswith("O_"):
        yield Change(i, f"{word}|O_APPEND")
    elif re.fullmatch(r"\S*:\d+", word):
        yield Change(i, word.partition(":")[0] + (":9" if not word.endswith(":9") else ":7"))
    elif word.startswith("POLL"):
        yield Change(i, "POLLPRI" if word != "POLLPRI" else "POLLIN")


def other_number(asked: list[str], number: int) -> str:
    """What a call or question might have answered in place of a number."""
    if number == 0 and "error" in asked:
        return "EIO"
    if number == 0 and "poll" in asked:
        return "POLLIN"
    return str(number - 1 if number > 0 else 1)


def state(words: list[str]) -> Iterator[Change]:
    """A state that is far away."""
    if "->" in words[:-1] and {"state", "sockets"} & set(words):
        for i in range(words.index("->") + 1, len(words)):
            if words[i] in STATES:
                yield Change(i, "SYN-SENT" if words[i] == "LISTEN" else "LISTEN")


def questions(words: list[str]) -> Iterator[Change]:
    """Another timer, another state of congestion control; numbers far away, for a question is asked for a while."""
    asked = QUESTIONS & set(words)
    if not asked or "->" not in words[:-1]:
        return
    first = words.index("->") + 1
    for i, word in enumerate(words[first:], first):
        compared = words[i - 1] in COMPARE
        if word in TIMERS and "timer" in asked:
            yield Change(i, "timewait" if word != "timewait" else "persist")
        elif word in CA_STATES and compared:
            yield Change(i - 1, word, 2)
        elif word in CA_STATES:
            yield Change(i, "CWR" if word != "CWR" else "Disorder")  # with ECN only
        elif NUMBER.fullmatch(word):
            yield Change(i - compared, str(FAR), 1 + compared)
        elif RANGE.fullmatch(word):
            yield Change(i, f"{FAR}..{FAR + 1}")
        elif re.fullmatch(r"x\d+", word) and "sockets" in asked:
            yield Change(i, f"x{int(word[1:]) + 3}")
        elif word in TIME_WORDS:
            return
        elif seconds_of([word]) and words[i - 1] != "+-":
            yield Change(i - compared, f"== {seconds_of([word])[0] * 3 + 3600:g}s", 1 + compared)  # after any back-off


def later(words: list[str]) -> Iterator[Change]:
    """A time that is over before the expected one begins, or begins after it."""
    if not (watches(words) or "->" in words):
        return
    for i, word in enumerate(words[:-1]):
        times = seconds_of(words[i + 1:i + 2])
        if not times:
            continue
        if word == "after":
            yield Change(i + 1, f"{times[0] * 3 + 1:g}s")
        elif word == "within" and not ASKED & set(words):  # of a question it only says for how long to ask
            yield Change(i, f"between {times[0] * 3 + 60:g}s and {times[0] * 3 + 120:g}s", 2)
        elif word == "between" and words[i + 2:i + 3] == ["and"]:
            upper = seconds_of(words[i + 3:i + 4])[0]
            if not ASKED & set(words):
                yield Change(i, f"between {upper * 3 + 60:g}s and {upper * 3 + 120:g}s", 4)
            if times[0] > 0:
                yield Change(i, f"between {times[0] * 0.2:g}s and {times[0] * 0.6:g}s", 4)
        elif word == "until":
            yield Change(i + 1, f"{times[0] * 0.4:g}s")


def schedule(words: list[str]) -> Iterator[Change]:
    """Each time of a list, and the first gap of a row of retransmissions, two fifths later."""
    if not watches(words):
        return
    if "at" in words:
        first = words.index("at") + 1
        before = 0.0
        for i in range(first, len(words), 2):
            if not seconds_of(words[i:i + 1]) or (i > first and words[i - 1] != ","):
                break
            time = seconds_of([words[i]])[0]
            if time > 0:
                yield Change(i, f"{time + 0.4 * (time - before):g}s")
            before = time
    if "times" in words:
        yield from (Change(i + 1, f"{seconds_of([words[i + 1]])[0] * 1.4:g}s") for i, word in enumerate(words[:-1])
                    if (word == "every" or words[i - 1:i + 1] == ["doubling", "from"]) and seconds_of([words[i + 1]]))


RULES: Mapping[str, Rule] = {"flags": flags, "field": fields, "IPv4 field": ipv4_fields, "IPv6 field": ipv6_fields,
                             "options": options, "payload": payload, "result": result, "state": state,
                             "question": questions, "time": later, SCHEDULE: schedule}


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
        words = [place.text for place in places]
        for kind, rule in RULES.items():
            for change in rule(words):
                last = places[change.at + change.count - 1]
                now = line[:places[change.at].start] + change.text + line[last.end:]
                seconds = seconds_of([words[change.at]])[0] if kind == SCHEDULE else 0.0
                yield Mutant(number, kind, line, now, replaced(text, {number: now}), seconds)
