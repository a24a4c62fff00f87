"""Watches a TCP port of many hosts from outside, and says how long it was closed.

As a program (in the network of its hosts): port_watch.py PORT ADDRESS...; prints a line "<monotonic time> <address>
open|closed" whenever that changes, until it is stopped."""
import contextlib
import socket
import subprocess
import sys
import time

EVERY = 0.01


def is_open(address, port):
    try:
        with socket.create_connection((address, port), timeout=0.25):
            return True
    except OSError:
        return False


def watch(port, addresses):
    state = dict.fromkeys(addresses)
    while True:
        began = time.monotonic()
        for address in addresses:
            at = time.monotonic()
            now = is_open(address, port)
            if now != state[address]:
                state[address] = now
                print(f"{at:.6f} {address} {'open' if now else 'closed'}", flush=True)
        time.sleep(max(0.0, EVERY - (time.monotonic() - began)))


class PortWatch:
    """One watching process for each (network, addresses) given; the port's state is known when this returns."""

    def __init__(self, places, port):
        from . import enclosure
        self.changes = {}
        self._watchers = []
        for network, addresses in places:
            def enter(network=network):
                enclosure.die_with_parent()
                network.enter()

            process = subprocess.Popen([sys.executable, "-I", __file__, str(port), *addresses], text=True,
                                       stdout=subprocess.PIPE, preexec_fn=enter)
            self._watchers.append(process)
            for _ in addresses:
                self._note(process.stdout.readline())

    def _note(self, line):
        at, address, state = line.split()
        self.changes.setdefault(address, []).append((float(at), state == "open"))

    def stop(self):
        """Ends the watch and reads what it saw."""
        for process in self._watchers:
            process.terminate()
            for line in process.stdout:
                with contextlib.suppress(ValueError):
                    self._note(line)
            process.wait()
        self._watchers = []

    def closed_seconds(self, address, since):
        """For how long in all the port was closed from `since` on, as seen from outside; None: it never opened again."""
        closed_at, total = None, 0.0
        for at, opened in self.changes.get(address, []):
            if not opened:
                closed_at = max(at, since)
            elif closed_at is not None:
                total += max(0.0, at - closed_at)
                closed_at = None
        return None if closed_at is not None else total


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        watch(int(sys.argv[1]), sys.argv[2:])
