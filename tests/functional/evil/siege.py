"""An honest seeder, a node that runs a release of it, and the gate between them that an attacker may hold."""
import contextlib
import os
import pathlib
import re
import ssl
import time

from foreign_tuf import forge
from harness import messages, payloads, programs, wire

from .gate import Attack, Gate

CLOSED = Attack(overrides={"/v1/check": b""})


def served_with(chain, key=None):
    """TLS as a server speaks it that asks nobody for a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context


class Siege:
    def __init__(self, place, address, port):
        self.place, self.port, self.number = pathlib.Path(place), port, 0
        self.seeder = programs.Seeder(self.place / "seeder", address, port=8440)
        self.seeder.url = self.seeder.url.replace(":8440", ":8430")
        self.seeder.init()
        self.forge = wire.Forge(self.place / "forge")
        self.gate = Gate(address, 8430, 8440, served_with(*self.forge.server(self.seeder, address)))
        self.old = []  # what was served before each publish
        self.publish()
        self.seeder.serve()
        self.node = programs.Node(self.place / "node", "node", address, 9001)
        answer = self.node.join(self.seeder, "--app", "demo", "--network", "127.0.0.0/8")
        assert answer.code == 0, answer
        self.node.configure(many_peers_per_address="true")
        self.run_node().wait("attempt.committed", self.version)
        self.publish()
        self.node.daemon.wait("attempt.committed", self.version)

    def run_node(self):
        return self.node.run("--verbose")

    @property
    def now(self):
        return int(time.time())

    @property
    def version(self):
        return f"{self.number}.0.0"

    def publish(self, app="demo", **options):
        """The next version, on the honest seeder."""
        if self.number:
            self.old.append(self.repository())
        self.number += 1
        payload = payloads.directory(self.place / f"payload-{self.number}", self.version, **options)
        return self.seeder.publish(payload, app, self.version, *payloads.service(self.port))

    def repository(self, *stolen):
        """What the honest seeder serves now, with the keys that were stolen."""
        return forge.Repository.of_seeder(self.seeder.state, stolen)

    def target(self, repository=None, version=None):
        """The newest release of demo as a target; with a version, one that claims to be that."""
        targets = (repository or self.repository()).payload("targets").targets
        target = messages.metadata_pb2.Target()
        target.CopyFrom(max((t for t in targets if t.app == "demo"), key=lambda t: t.release_counter))
        if version:
            target.path = target.path.replace(target.version, version)
            target.version = version
            target.release_counter += 1000
        return target

    def old_package(self):
        """The digest of a package before the newest one."""
        return self.target(self.old[-1]).sha256.hex()

    def next_release(self, **options):
        """An attack that is none: the honest files of a release that the node has not heard of; and its target."""
        with self.behind_closed_gates():
            self.publish(**options)
        target = self.target()
        return Attack(self.repository().files, self.packages(), [("demo", target.version, target.path)]), target

    def packages(self):
        """The files of packages that the honest seeder serves."""
        return {path.name: path.read_bytes() for path in (self.seeder.state / "public" / "packages").iterdir()}

    def installed(self):
        """Everything of the application that the node has put on the disk, and what runs."""
        home = self.node.home("demo")
        return (payloads.tree_hash(home / "versions"), os.readlink(home / "current"), self.node.app("demo").version,
                payloads.answer(self.port))

    def memory(self):
        """Resident bytes of the node now, and at most ever."""
        lines = pathlib.Path(f"/proc/{self.node.daemon.process.pid}/status").read_text().splitlines()
        return tuple(int(line.split()[1]) * 1024 for name in ("VmRSS", "VmHWM") for line in lines
                     if line.startswith(name + ":"))

    @contextlib.contextmanager
    def behind_closed_gates(self):
        """The node hears nothing meanwhile: for what it must not get from the honest seeder."""
        self.gate.besiege(CLOSED)
        yield
        assert self.gate.attack is CLOSED

    @contextlib.contextmanager
    def nothing_changes(self):
        before = self.installed()
        assert before[3] == self.node.installed("demo")
        yield
        assert self.installed() == before

    def refused(self, attack, event, words, seconds=programs.PATIENCE):
        """The node says, twice, that it does not believe this, and in which words."""
        place = self.node.daemon.count()
        self.gate.besiege(attack)
        self.says_twice(place, event, words, seconds)

    def says_twice(self, place, event, words, seconds=programs.PATIENCE):
        """In its events from that place on."""
        said = []
        while len(said) < 2:
            found = self.node.daemon.wait(event, after=place, seconds=seconds)
            place = self.node.daemon.place_behind(found, place)
            if said or event != "check.failed" or re.search(words, found.text):
                said.append(found.text)
                assert re.search(words, found.text), f"{event}: {found.text!r} where {words!r} was to be said"
            else:  # the question that was held when the siege began, and was cut
                assert "cannot be asked" in found.text, found

    def recovers(self):
        """The honest seeder is back: the next release is installed, and nobody had to lend a hand."""
        self.gate.let_through()
        place = self.node.daemon.count()
        self.publish()
        self.node.daemon.wait("attempt.committed", f"demo {self.version}", after=place)
        assert self.node.installed("demo") == self.version
        assert payloads.answer(self.port) == self.version
        assert payloads.tree_hash(self.node.home("demo") / "current") == payloads.tree_hash(
            self.place / f"payload-{self.number}")
        for daemon in (self.node.daemon, self.seeder.daemon):
            daemon.check()

    def outrun(self):
        """Brings the versions of the honest seeder above those that stolen keys have signed."""
        for _ in range(2):
            self.number += 1
            self.seeder.publish(payloads.directory(self.place / f"filler-{self.number}", self.version), "filler",
                                self.version)

    def settled(self):
        return self.gate.attack is None and self.node.installed("demo") == self.version

    def stop(self):
        self.gate.stop()
        for daemon in (self.node.daemon, self.seeder.daemon):
            if daemon and daemon.running():
                daemon.stop()
