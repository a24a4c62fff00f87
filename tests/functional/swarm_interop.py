"""Other people's BitTorrent programs, given the .torrent of a published package, get the same bytes."""
import shutil
import subprocess
import sys

import pytest

from harness import enclosure, office, programs

pytestmark = pytest.mark.networks


class Foreigners:
    """A LAN with a seeder, a node that has the release, and a place for somebody else's program."""

    def __init__(self, tmp_path, make_seeder, make_node, release):
        lan = office.Lan("lan", 0, "1gbit")
        hosts = [lan.host(name) for name in ("seeder", "pc", "foreigner")]
        self.place, self.host = tmp_path / "foreign", hosts[2]
        self.place.mkdir()
        self.seeder = make_seeder(address=hosts[0].address, network=hosts[0])
        self.seeder.serve()
        self.target = self.seeder.publish(release("1.0.0", data_bytes=3_000_000), "demo", "1.0.0")
        self.node = make_node(self.seeder, "pc", address=hosts[1].address, network=hosts[1])
        self.node.run().wait("attempt.committed")
        package = self.seeder.package(self.target)
        self.bytes = package.read_bytes()
        self.torrent = shutil.copy(f"{package}.torrent", self.place / "package.torrent")

    def start(self, *command):
        def enter():
            enclosure.die_with_parent()
            self.host.enter()

        return subprocess.Popen([str(part) for part in command], preexec_fn=enter, stdin=subprocess.DEVNULL,
                                stdout=open(self.place / "log", "w", encoding="utf-8"), stderr=subprocess.STDOUT,
                                env={"PATH": "/usr/bin:/bin", "HOME": str(self.place)})

    def has_it(self):
        return any(path.read_bytes() == self.bytes for path in (self.place / "got").rglob("*") if path.is_file())


@pytest.fixture
def foreigners(tmp_path, make_seeder, make_node, release):
    return Foreigners(tmp_path, make_seeder, make_node, release)


def aria2(foreigners):
    return foreigners.start("aria2c", "--no-conf", "--enable-dht=false", "--bt-enable-lpd=false", "--seed-time=0",
                            "--dir", foreigners.place / "got", foreigners.torrent)


def test_aria2_gets_a_published_package(foreigners):
    process = aria2(foreigners)
    assert process.wait(timeout=programs.PATIENCE) == 0, (foreigners.place / "log").read_text()
    assert foreigners.has_it()


def test_aria2_gets_a_published_package_from_a_node_when_the_seeders_copy_is_gone(foreigners):
    """The tracker still answers; the package's bytes can only come from the node."""
    package = foreigners.seeder.package(foreigners.target)
    damaged = bytes(byte ^ 0xFF for byte in foreigners.bytes)
    with open(package, "r+b") as out:
        out.write(damaged)
    process = aria2(foreigners)
    assert process.wait(timeout=programs.PATIENCE) == 0, (foreigners.place / "log").read_text()
    assert foreigners.has_it()


def test_transmission_gets_a_published_package(foreigners):
    # Transmission 3.00 tries uTP first and gives it half a minute before it turns to TCP, which is all we speak.
    config = foreigners.place / "config"
    config.mkdir()
    (config / "settings.json").write_text('{"utp-enabled": false, "dht-enabled": false}')
    process = foreigners.start("transmission-cli", "--config-dir", foreigners.place / "config", "--download-dir",
                               foreigners.place / "got", "--no-portmap", foreigners.torrent)
    try:
        programs.wait_until(foreigners.has_it, "transmission has the package")
    except AssertionError:
        sys.stdout.write((foreigners.place / "log").read_text()[-3000:])
        raise
    finally:
        process.kill()
        process.wait()
