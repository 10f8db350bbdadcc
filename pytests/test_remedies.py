"""What a message tells to write is accepted where it tells it: followed to the letter, `check` has no more to say."""
from __future__ import annotations

from pathlib import Path

import pytest

from toolkit import PASSED, USAGE, Tool, scene

OPENED = ("establish client to server:8080",)

# What is refused, what the help says of it, and the line in which that is written instead. Several lines: joined by \n.
OF_RESULTS = [
    ("client: socket -> success", "ok", "client: socket -> ok"),
    ("client: poll POLLIN timeout 1s -> timeout", "-> 0", "client: poll POLLIN timeout 1s -> 0"),
    ("client: poll POLLIN -> error", "POLLERR", "client: poll POLLIN -> POLLERR"),
    ("client: poll POLLIN -> POLLINN", "POLLIN", "client: poll POLLIN -> POLLIN"),
    ("client: error -> error", "ECONNREFUSED", "client: error -> ECONNREFUSED"),
    ("client: read -> timeout", "ETIMEDOUT", "client: read -> ETIMEDOUT"),
    ("client: read -> reset", "ECONNRESET", "client: read -> ECONNRESET"),
    ("client: recvmsg -> eof", "-> 0", "client: recvmsg -> 0"),
    ("client: sockets -> ESTAB", "ESTABLISHED", "client: sockets -> ESTABLISHED"),
    ("client: state -> ESTAB", "ESTABLISHED", "client: state -> ESTABLISHED"),
    ("client: state -> UNCONN", "CLOSED", "client: state -> CLOSED"),
    ("client: info state -> ESTAB", "ESTABLISHED", "client: info state -> ESTABLISHED"),
    ("client: info state -> CLOSE", "CLOSED", "client: info state -> CLOSED"),
    ("client: info ca_state -> ESTAB", "Recovery", "client: info ca_state -> Recovery"),
    ("client: readable -> true", "yes", "client: readable -> yes"),
    ("client: readable -> false", "no", "client: readable -> no"),
    ("client: fcntl F_GETFL -> O_NONBLOK", "O_NONBLOCK", "client: fcntl F_GETFL -> O_NONBLOCK"),
]

OF_PLACES = [
    ("expect SYN from client in 1s", "within", "expect SYN from client within 1s"),
    ("send ACK from server in 1s", "after", "send ACK from server after 1s"),
    ("expect SYN from client for 1s", "within 1s", "expect SYN from client within 1s"),
    ("expect SYN from client for 1s", "wait 1s", "wait 1s"),
    ("send ACK from server for 1s", "after 1s", "send ACK from server after 1s"),
    ("drop all SYN from client for 1s", "wait 1s", "drop all SYN from client\nwait 1s\nend rule"),
    ("expect SYN from client twice", "again 2 times every 1s", "expect SYN from client again 2 times every 1s"),
    ("expect SYN from client 3 times", "again 3 times every 1s", "expect SYN from client again 3 times every 1s"),
    ("drop all SYN from client twice", "drop 2nd SYN from client", "drop 1st SYN from client\ndrop 2nd SYN from client"),
    ("send ACK from server length 5", "data 100 bytes", "send ACK from server data 100 bytes"),
    ("expect ACK from client win=5", "win 5", "expect ACK from client win 5"),
    ("expect ACK from client seq=0", "seq 0", "expect ACK from client seq 0"),
    ("expect SYN from client options mss=1460", "mss 1460", "expect SYN from client options mss 1460"),
    ("expect SYN from client options sack=1-2", "options mss 1460", "expect SYN from client options mss 1460"),
    ("expect ACK from client again=1", "win 5", "expect ACK from client again win 5"),
    ("expect SYN from client > server", "to server:8080", "expect SYN from client to server:8080"),
    ("expect SYN from client <mss 1460>", "options mss 1460, sackok, ...",
     "expect SYN from client options mss 1460, sackok, ..."),
    ("send ACK from server <mss 1460>", "options mss 1460, sackok", "send ACK from server options mss 1460, sackok"),
    ("send ACK from server mss 1460", "options mss 1460, sackok", "send ACK from server options mss 1460, sackok"),
    ("send ACK from server options", "options mss 1460, sackok", "send ACK from server options mss 1460, sackok"),
    ("expect SYN from client options [mss 1460]", "options mss 1460, sackok",
     "expect SYN from client options mss 1460, sackok"),
    ("expect SYN from client after 1s..2s", "between 1s and 2s", "expect SYN from client between 1s and 2s"),
    ("expect SYN from client to any:8080", "to server:8080", "expect SYN from client to server:8080"),
    ("send ACK from server withn 1s", "after", "send ACK from server after 1s"),
    ("send ACK from server lenn 5", "data 100 bytes", "send ACK from server data 100 bytes"),
    ("wait 1.5 ns", "1.5ms", "wait 1.5ms"),
    ("set ACK from server", "send", "send ACK from server"),
    ("wait 30d", "720h", "wait 720h"),
    ("wait 1e3 ms", "20ms", "wait 20ms"),
    ("wait 2.5 ms", "2.5ms", "wait 2.5ms"),
    ("client: setsockopt SO_LINGER [1, 5]", "setsockopt SO_LINGER 1 5", "client: setsockopt SO_LINGER 1 5"),
    ("client: write 10*146 bytes", "1460", "client: write 1460 bytes"),
    ("client: bind *:80", "any:8080", "client: bind any:8080"),
    ("client: connect *:80", "server:8080", "client: connect server:8080"),
    ("client: connect localhost:80", "server", "client: connect server:80"),
    ("client: bind localhost:80", "any", "client: bind any:80"),
    ("drop *", "drop all packets", "drop all packets"),
    ("expect ACK from client seq *", "any", "expect ACK from client seq any"),
    ('client: write "abc" = 3', "-> 3", 'client: write "abc" -> 3'),
    ('client: write "abc" = -1 EPIPE', "-> ECONNRESET", 'client: write "abc" -> ECONNRESET'),
    ("client: info rto >= 200ms", "-> >= 200ms", "client: info rto -> >= 200ms"),
    ("client: setsockopt TCP_NODELAY on", "1", "client: setsockopt TCP_NODELAY 1"),
]

OF_CALLS = [
    ("client: setsockopt TCP_CONGESTION reno", '"reno"', 'client: setsockopt TCP_CONGESTION "reno"'),
    ("client: setsockopt SOL_TCP TCP_NODELAY 1", "setsockopt TCP_NODELAY", "client: setsockopt TCP_NODELAY 1"),
    ("expect DATA-ACK from client", "DATA", "expect DATA from client"),
    ("client: info cwnd", "snd_cwnd", "client: info snd_cwnd"),
    ("client: info mss", "rcv_mss", "client: info rcv_mss"),
    ("client: counter Overflows -> 1", "ListenOverflows", "client: counter ListenOverflows -> 1"),
    ("client: counter InCsumErrors -> 0", "TcpInCsumErrors", "client: counter TcpInCsumErrors -> 0"),
    ("client: counter TCPTimeouts >= 2", "-> >= 2", "client: counter TCPTimeouts -> >= 2"),
    ("client: info last_data_sent -> >= 0.9ms", ">= 1ms", "client: info last_data_sent -> >= 1ms"),
    ("client: info last_data_sent -> < 0.9ms", "< 1ms", "client: info last_data_sent -> < 1ms"),
    ("client: info last_data_sent -> <= 0.9ms", "<= 0ms", "client: info last_data_sent -> <= 0ms"),
    ("client: info last_data_sent -> > 0.9ms", "> 0ms", "client: info last_data_sent -> > 0ms"),
    ("client: info last_data_sent -> 0.2ms..0.9ms", "0ms..1ms", "client: info last_data_sent -> 0ms..1ms"),
    ("client: info rto -> 200.0005ms", "200001us", "client: info rto -> 200001us"),
    ("client: fcntl F_GETFL|F_SETFL", "fcntl F_GETFL", "client: fcntl F_GETFL"),
    ("client: shutdown SHUT_RD|SHUT_WR", "shutdown SHUT_RDWR", "client: shutdown SHUT_RDWR"),
    ('client: write', 'write "text"', 'client: write "text"'),
    ('client/a: read\nclient: -> "x"', "client/a: -> ", 'client/a: read\nclient/a: -> "x"'),
    ('client: read\nclient: write "x" -> 1\nclient: -> "x"', "client/reader: read",
     'client/reader: read\nclient: write "x" -> 1\nclient/reader: -> "x"'),
]

OF_THE_SCENE = [
    ("sysctl net.ipv4.tcp_ecn = 1", "sysctl client net.ipv4.tcp_ecn = ", "sysctl client net.ipv4.tcp_ecn = 1"),
    ("link loss 10", "drop all packets", "drop all packets"),
    ("link loss 10", "drop 2nd DATA from ", "drop 2nd DATA from client"),
    ("link latency 5ms", "delay", "link delay 5ms"),
    ("set net.ipv4.tcp_ecn = 1", "sysctl HOST KEY = VALUE", None),
    ("ip [4, 6]", "ip 4, 6", "ip 4, 6"),
]


def helps(stderr: str) -> list[str]:
    """The remedies of a message."""
    return [line.partition("help: ")[2] for line in stderr.splitlines() if line.lstrip().startswith("help: ")]


def check(tool: Tool, folder: Path, lines: str, before: tuple[str, ...], **hosts: str) -> tuple[int, str]:
    path = folder / "remedy.scn"
    path.write_text(scene(*before, *lines.split("\n"), **hosts))
    result = tool.run("check", path)
    return result.returncode, result.stderr


@pytest.mark.parametrize(("refused", "said", "written"), OF_RESULTS + OF_PLACES + OF_CALLS)
def test_remedy(tool: Tool, tmp_path: Path, refused: str, said: str, written: str) -> None:
    """Refused with this remedy alone, and accepted when it is followed."""
    status, stderr = check(tool, tmp_path, refused, OPENED)
    assert status == USAGE
    assert [said in text for text in helps(stderr)] == [True], stderr
    assert said in written
    assert check(tool, tmp_path, written, OPENED) == (PASSED, "")


@pytest.mark.parametrize(("refused", "said", "written"), OF_THE_SCENE)
def test_remedy_of_the_scene(tool: Tool, tmp_path: Path, refused: str, said: str, written: str | None) -> None:
    """The same above the timeline; what stands for words to be chosen cannot be followed to the letter."""
    status, stderr = check(tool, tmp_path, refused, ())
    assert status == USAGE
    assert [said in text for text in helps(stderr)] == [True], stderr
    if written:
        assert said in written
        assert check(tool, tmp_path, written + "\n" + OPENED[0], ()) == (PASSED, "")


def test_twice_is_two_lines(tool: Tool, tmp_path: Path) -> None:
    """What is sent twice is written twice."""
    status, stderr = check(tool, tmp_path, "send ACK from server twice", OPENED)
    assert (status, helps(stderr)) == (USAGE, ["it is one packet: write the line twice"])
    assert check(tool, tmp_path, "\n".join(["send ACK from server"] * 2), OPENED) == (PASSED, "")


def test_a_forged_answer_to_a_kernel_client(tool: Tool, tmp_path: Path) -> None:
    """It needs the client's port before the client has one: as told, it reaches the client."""
    forged = "inject RST-ACK from server seq 0 ack 1 after SYN from client"
    status, stderr = check(tool, tmp_path, forged, (), server="kernel")
    assert status == USAGE
    assert helps(stderr) == ["bind its socket above, 'client: socket', 'client: bind :40000', "
                             "and write 'to client:40000'"]
    path = tmp_path / "forged.scn"
    path.write_text(scene("server: listen 8080", "client: socket", "client: bind :40000",
                          forged.replace(" after", " to client:40000 after"), "client: connect server:8080",
                          "expect SYN from client", "drop SYN-ACK from server", "client: -> ECONNREFUSED",
                          server="kernel"))
    result = tool.run("run", "--color", "never", "--ip", "4", path)
    assert result.returncode == PASSED, result.stdout
