# SPDX-License-Identifier: Apache-2.0
"""Ports for the stories: below those that the kernel gives to outgoing connections, none twice.

A port that was free a moment ago must still be free when the desk opens it.  So no port is given
out twice in one run, and stories told side by side draw from parts that share none:
VULNDESK_PORTS=K/N (set by tests/e2e/run) is the Kth part of N.
"""
import os
import random
import socket

FIRST, END = 20000, 32768


def part(text):
    k, n = (int(word) for word in text.split("/"))
    ports = list(range(FIRST, END)[k::n])
    random.shuffle(ports)
    return iter(ports)


PORTS = part(os.environ.get("VULNDESK_PORTS", "0/1"))


def free_port():
    for port in PORTS:
        with socket.socket() as s:
            # As the desk itself: a connection that is still closing is no hindrance.
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("every port was taken")
