"""What the kernel alone takes for what tcpscen asks of it: the floor below some of bench.py's numbers.

Each child moves into a user namespace of its own, so that it needs no root, and touches nothing else.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys
import time
from collections.abc import Callable

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000  # linux/sched.h
SOL_PACKET, PACKET_RX_RING = 263, 5                   # linux/socket.h, linux/if_packet.h

libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """unshare(2), which Python has had since 3.12. Raises OSError."""
    if libc.unshare(flags) < 0:
        raise OSError(ctypes.get_errno(), "unshare")


def in_child(work: Callable[[], None], processor: int) -> int:
    """Start a child that does @work on the @processor-th of ours, in its own user namespace. Return: its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        processors = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {processors[processor % len(processors)]})
        unshare(CLONE_NEWUSER)
        work()
        os._exit(0)
    except OSError as error:
        print(f"floor: {error}", file=sys.stderr, flush=True)
    os._exit(1)


def namespaces(count: int, processes: int) -> float:
    """Seconds for a network namespace, made and left, of @count that so many processes make at the same time."""

    def make() -> None:
        for _ in range(count // processes):
            unshare(CLONE_NEWNET)

    began = time.monotonic()
    children = [in_child(make, processor) for processor in range(processes)]
    for child in children:
        if os.waitpid(child, 0)[1]:
            raise SystemExit("cannot make a network namespace")
    return (time.monotonic() - began) / count


def packet_ring() -> float:
    """Seconds that opening a packet capture's ring takes: a grace period (packet_set_ring() of af_packet.c)."""
    reader, writer = os.pipe()

    def wait() -> None:
        unshare(CLONE_NEWNET)
        capture = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        began = time.monotonic()
        capture.setsockopt(SOL_PACKET, PACKET_RX_RING, struct.pack("IIII", 1 << 16, 8, 1 << 11, 1 << 8))
        os.write(writer, struct.pack("d", time.monotonic() - began))

    child = in_child(wait, 0)
    if os.waitpid(child, 0)[1]:
        raise SystemExit("cannot open a packet capture")
    seconds = struct.unpack("d", os.read(reader, 8))[0]
    os.close(reader)
    os.close(writer)
    return seconds


def wakeups(count: int, pause: float) -> list[float]:
    """Seconds that each of @count wake-ups of a process on a processor at rest takes, with a @pause before each.

    Who wakes it is on another processor, as the timer that a kernel host sends for often is.
    """
    (reader, writer), (answers, told) = os.pipe(), os.pipe()

    def wake() -> None:
        for _ in range(count):
            time.sleep(pause)
            os.write(writer, struct.pack("d", time.monotonic()))

    def wait() -> None:
        os.close(writer)
        while sent := os.read(reader, 8):
            os.write(told, struct.pack("d", time.monotonic() - struct.unpack("d", sent)[0]))

    children = [in_child(wake, 0), in_child(wait, 1)]
    os.close(writer)
    for child in children:
        if os.waitpid(child, 0)[1]:
            raise SystemExit("cannot wake a process")
    taken = [seconds for (seconds,) in struct.iter_unpack("d", os.read(answers, 8 * count))]
    for descriptor in (reader, answers, told):
        os.close(descriptor)
    return taken
