"""Whose packet is it? Connections that rules let pass, that are delayed, forged, lost, and that use ports again."""
from __future__ import annotations

from pathlib import Path

import pytest

from toolkit import FAILED, PASSED, Tool, scene

KERNELS = {"server": "kernel"}
CRAFTED_CLIENT = {"client": "crafted", "server": "kernel"}
CRAFTED_SERVER: dict[str, str] = {}

LISTEN = "server: listen 8080"
CONNECT = "client: connect server:8080"
ANSWERED = ["expect SYN-ACK from server", "expect ACK from client", "client: -> ok"]
ESTABLISH = "establish client to server:8080"
OVER = [LISTEN, "client: socket as a", "client: setsockopt SO_LINGER 1 0 on a", "client: bind :5000 on a", "ignore packets",
        f"{CONNECT} on a -> ok", 'client: write "hello world" on a -> 11', "wait 5ms", "client: close on a -> ok",
        "wait 5ms", "end rule", "client: socket as b", "client: bind :5000 on b"]
AGAIN = [*OVER, f"{CONNECT} on b"]
WRITE = 'client: write "abc" -> 3'
SPOILT = [ESTABLISH, WRITE, "corrupt DATA from client", "wait 30ms", "server: readable -> no", "inject ACK from server",
          "drop DATA from client again ack 1 within 1s"]
PASSING = ["client: socket", f"{CONNECT} -> ok"]


SOCKETS = ["client: socket as a -> ok", "client: bind client:5000 on a -> ok", ESTABLISH,
           "client: setsockopt SO_LINGER 1 0 on a -> ok"]
SECOND = ["client: socket as b -> ok", "client: bind client:5000 on b -> ok"]
NOT_OVER = [*SOCKETS, "client: close on a -> ok", "drop RST-ACK from client", *SECOND]  # for all that the wire knows
IS_OVER = [*SOCKETS, "client: close on a -> ok", "expect RST-ACK from client", *SECOND]
ON_FIRST = [line.replace(ESTABLISH, f"{ESTABLISH} on first").replace("RST-ACK from client", "RST-ACK from client on first")
            for line in IS_OVER[:-2]]
BEGINS = ["client: connect server:8080 on b", "expect SYN from client to server:8080 on second"]
ANSWER = ["send SYN-ACK from server on second", "expect ACK from client on second", "client: -> ok"]


@pytest.mark.parametrize(("hosts", "said", "lines"), [
    # A line may begin a second connection on the ports of one that is not over, also when a rule has seen the SYN before.
    (CRAFTED_SERVER, "", [*NOT_OVER, "ignore SYN", *BEGINS, *ANSWER]),
    (CRAFTED_SERVER, "", [*NOT_OVER, *BEGINS, *ANSWER]),
    (KERNELS, "", [*NOT_OVER, "server: close -> ok", "drop FIN-ACK from server", "delay all packets by 5ms", *BEGINS,
                   "ignore packets", "wait 20ms"]),
    # A rule about the first has nothing to do with the second.
    (CRAFTED_SERVER, "", [*ON_FIRST, "drop all PSH-ACK from client on first", *SECOND, *BEGINS, *ANSWER,
                          'client: write "abc" on b -> 3', "expect PSH-ACK from client on second",
                          "send ACK from server on second", "client: queues on second -> 0 0"]),
    # What may be quoted of the first, a second that nobody has looked at does not take away.
    (CRAFTED_SERVER, "", [*IS_OVER, "ignore packets", "client: connect server:8080 on b", "wait 3ms",
                          "send icmp port-unreachable from server about last RST-ACK", "send RST-ACK from server",
                          "client: -> ECONNREFUSED"]),
    # Refused one way, opened the other way.
    (CRAFTED_SERVER, "", ["client: socket as a", "client: bind client:5000 on a", "client: connect server:6000 on a",
                          "expect SYN from client", "send RST-ACK from server seq 0 ack 1", "client: -> ECONNREFUSED",
                          "client: close on a -> ok", "client: listen 5000 -> ok",
                          "send SYN from server to client:5000 seq abs 777", "expect SYN-ACK from client",
                          "send RST from server"]),
    # Whatever a rule lets pass meanwhile, patience ends; and an armed packet is no event of a line.
    (KERNELS, "nothing came within", ["patience 1500ms", "client: socket", "client: setsockopt TCP_KEEPIDLE 1 -> ok",
                                      "client: setsockopt TCP_KEEPINTVL 1 -> ok", "client: setsockopt SO_KEEPALIVE 1 -> ok",
                                      ESTABLISH, "ignore ACK", "expect RST from client"]),
    (KERNELS, "too late", [LISTEN, "client: run \"sh -c '(sleep 0.3; echo x; sleep 0.3) | nc -N server 8080'\"",
                           "expect SYN from client to server:8080", "expect SYN-ACK from server", "expect ACK from client",
                           "ignore DATA from client", "ignore ACK from server",
                           "inject ACK from server after DATA from client", "expect FIN-ACK from client within 400ms"]),
    # What is kept on its way arrives for a connection that no line has spoken of.
    (KERNELS, "", [LISTEN, "delay 1st SYN from client by 50ms", CONNECT, *ANSWERED]),
    (KERNELS, "", ["link delay 20ms", LISTEN, "ignore 1st SYN", CONNECT, *ANSWERED]),
    (KERNELS, "", [LISTEN, "delay all packets by 10ms", CONNECT, *ANSWERED]),
    # A new connection on old ports repeats nothing of the old one, and has its own acknowledgements.
    (KERNELS, "", [*AGAIN, "expect SYN from client", *ANSWERED]),
    (KERNELS, "the first", [*AGAIN, "expect SYN from client again"]),
    (KERNELS, "", [*OVER, "drop 1st SYN from client", f"{CONNECT} on b", "expect SYN from client again on second",
                   "expect SYN-ACK from server on second", "expect ACK from client on second", "client: -> ok"]),
    (KERNELS, "", [*AGAIN, "expect SYN from client", *ANSWERED, "client: setsockopt TCP_NODELAY 1 on b -> ok",
                   'client: write "a" on b -> 1', 'client: write "b" on b -> 1', "expect PSH-ACK from client",
                   "expect PSH-ACK from client", "expect ACK from server ack 2", "expect ACK from server ack 3"]),
    # A forged packet begins nothing, and the true SYN is not the one that was answered.
    (CRAFTED_CLIENT, "", [LISTEN, "ignore SYN-ACK", "inject SYN from client to server:8080 seq abs 5000", "wait 5ms",
                          "inject RST from client seq abs 5001", "wait 5ms", "end rule", "send SYN from client",
                          "expect SYN-ACK from server", "send ACK from client", "server: accept -> ok"]),
    # What is sent follows what rules have let pass.
    (CRAFTED_SERVER, "", ["client: socket", "client: bind :5000", "ignore 1st SYN", CONNECT, "wait 10ms",
                          "send SYN-ACK from server to client:5000", "expect ACK from client", "client: -> ok"]),
    (CRAFTED_SERVER, "", [ESTABLISH, "ignore DATA from client", WRITE, "send ACK from server", "client: queues -> 0 0"]),
    (CRAFTED_SERVER, "is 0 0, expected 0 3", [ESTABLISH, "ignore DATA from client", WRITE, "send ACK from server",
                                              "client: queues -> 0 3"]),
    # Gaps count from what a rule has lost, too, also if that comes to nobody's notice before.
    (KERNELS, "", [LISTEN, "drop 1st SYN from client", CONNECT, "wait 500ms",
                   "expect SYN from client again 1 times doubling from 1s up to 4s +-150ms", *ANSWERED]),
    (KERNELS, "too late", [LISTEN, "drop 1st SYN from client", CONNECT, "wait 500ms",
                           "expect SYN from client again 1 times doubling from 500ms up to 4s +-150ms"]),
    # A delayed ACK that is still owed when the lines end is waited for.
    (KERNELS, "came after the last line", [
        LISTEN, "ignore packets", f"{CONNECT} -> ok", "server: accept -> ok", 'client: write "a" -> 1',
        'server: read -> "a"', 'server: write "b" -> 1', 'client: read -> "b"', 'client: write "c" -> 1', "end rule"]),
    # However many there are, each has its numbers; a packet of another connection is told to be one.
    (KERNELS, "", [LISTEN, "ignore packets", *(80 * PASSING), "wait 5ms", "end rule", WRITE,
                   "expect PSH-ACK from client to server:8080 seq 1 ack 1", "expect ACK from server ack 4"]),
    (CRAFTED_SERVER, "second: one that begins", [ESTABLISH, WRITE, "expect SYN from client on second"]),
    # What is spoilt arrives at nobody, however long it takes.
    (KERNELS, "", SPOILT),
    (KERNELS, "", ["link delay 5ms", *SPOILT]),
    # A line's packet counts for the rule that speaks of it.
    (KERNELS, "", [ESTABLISH, WRITE, "drop DATA from client", "drop 2nd DATA from client",
                   "drop DATA from client again", "expect DATA from client again", "expect DATA from client again",
                   "expect ACK from server"]),
    # A second cut does not end the first; what was on its way is lost, and told.
    (KERNELS, "", [ESTABLISH, "cut client to server", WRITE, "cut server to client", "drop DATA from client within 50ms"]),
    (KERNELS, "", ["link delay 20ms", ESTABLISH, WRITE, "expect DATA from client", "cut wire", "wait 50ms",
                   "server: readable -> no", "mend wire", "expect DATA from client again", "expect ACK from server"]),
    # What may be quoted or sent again does not depend on how many connections there are.
    (CRAFTED_SERVER, "", [*(f"{ESTABLISH} on c{i}" for i in range(30)),
                          *(f'send PSH-ACK from server data "{i:05}" on c{i}\nexpect ACK from client on c{i}'
                            for i in range(30)),
                          "send PSH-ACK from server again on c0", "expect ACK from client on c0",
                          "send PSH-ACK from server again on c29", "expect ACK from client ack 6 on c29",
                          "send icmp port-unreachable from server about last packet on c29"]),
])
def test_connections(tool: Tool, tmp_path: Path, hosts: dict[str, str], said: str, lines: list[str]) -> None:
    """Passes, or fails at its last line with these words."""
    path = tmp_path / "connections.scn"
    path.write_text(scene("ip 4", *lines, **hosts), encoding="utf-8")
    result, records = tool.play("--replays", "9", path)
    assert result.returncode == (FAILED if said else PASSED), result.stderr
    if said:
        assert said in result.stderr
        assert records[0]["failure"]["line"] == len(path.read_text(encoding="utf-8").splitlines())
