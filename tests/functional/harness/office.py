"""An office made of network namespaces: hosts, switches, routers, and wires with a rate.

Only inside an enclosure (harness.enclosure) with networks: a namespace lives as long as a file descriptor of ours or a
process in it, so nothing here has a name that could be left behind."""
import contextlib
import dataclasses
import json
import os
import pathlib
import subprocess

from . import enclosure

TBF = ("burst", "32kb", "latency", "50ms")


class Namespace:
    """One network namespace: a host, a switch or a router."""

    def __init__(self, name):
        self.name = name
        self.address = None  # IPv4, of the host's first wire
        home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            enclosure.call(enclosure.libc.unshare, enclosure.CLONE_NEWNET)
            self.fd = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            self._settings()
        finally:
            enclosure.call(enclosure.libc.setns, home, enclosure.CLONE_NEWNET)
            os.close(home)
        self.ip("link", "set", "lo", "up")

    def _settings(self):
        settings = {"net/ipv4/ip_forward": "1", "net/ipv6/conf/all/disable_ipv6": "1",
                    # The same for everybody, whatever the machine's default is.
                    "net/ipv4/tcp_congestion_control": "cubic"}
        for key, value in settings.items():
            with contextlib.suppress(OSError):
                pathlib.Path("/proc/sys", key).write_text(value)

    def enter(self):
        """For a child just forked: its network is this one."""
        enclosure.call(enclosure.libc.setns, self.fd, enclosure.CLONE_NEWNET)

    def run(self, *command, **options):
        return subprocess.run(command, preexec_fn=self.enter, check=True, text=True, capture_output=True, **options)

    def ip(self, *arguments):
        return self.run("ip", *arguments).stdout

    def sent(self, device):
        """Bytes that left through a device."""
        return self._statistics(device)["tx"]["bytes"]

    def received(self, device):
        return self._statistics(device)["rx"]["bytes"]

    def _statistics(self, device):
        return json.loads(self.ip("-json", "-statistics", "link", "show", "dev", device))[0]["stats64"]


@dataclasses.dataclass
class Wire:
    """A cable between two namespaces, limited to its rate in each direction by a token bucket."""

    near: Namespace
    near_device: str
    far: Namespace
    far_device: str

    def to_far(self):
        return self.near.sent(self.near_device)

    def to_near(self):
        return self.far.sent(self.far_device)


def wire(near, near_device, far, far_device, rate=None):
    subprocess.run(["ip", "link", "add", "name", near_device, "netns", f"/proc/self/fd/{near.fd}", "type", "veth",
                    "peer", "name", far_device, "netns", f"/proc/self/fd/{far.fd}"],
                   check=True, pass_fds=(near.fd, far.fd))
    for side, device in ((near, near_device), (far, far_device)):
        if rate:
            side.run("tc", "qdisc", "add", "dev", device, "root", "tbf", "rate", rate, *TBF)
        side.ip("link", "set", device, "up")
    return Wire(near, near_device, far, far_device)


def address(host, device, with_prefix, gateway=None):
    host.ip("address", "add", with_prefix, "dev", device)
    if gateway:
        host.ip("route", "add", "default", "via", gateway)
    host.address = host.address or with_prefix.partition("/")[0]


class Lan:
    """A switch and its hosts, 10.77.<number>.0/24; the switch itself is .1."""

    def __init__(self, name, number, rate):
        self.name, self.number, self.rate = name, number, rate
        self.hosts, self.wires = [], {}
        self.switch = Namespace(name)
        self.switch.ip("link", "add", "name", "lan", "type", "bridge")
        self.switch.ip("link", "set", "lan", "up")
        address(self.switch, "lan", f"10.77.{number}.1/24")

    def host(self, name, rate=None):
        host = Namespace(name)
        port = f"port{len(self.hosts)}"
        self.wires[name] = wire(self.switch, port, host, "eth0", rate or self.rate)
        self.switch.ip("link", "set", port, "master", "lan")
        address(host, "eth0", f"10.77.{self.number}.{10 + len(self.hosts)}/24", f"10.77.{self.number}.1")
        self.hosts.append(host)
        return host


class Office:
    """Headquarters (10.77.0.0/24, where the seeder is) and branch sites (10.77.1.0/24, ...), each behind a thin line."""

    def __init__(self, sites, wan_rate="20mbit", lan_rate="100mbit"):
        self.headquarters = Lan("headquarters", 0, lan_rate)
        self.seeder = self.headquarters.host("seeder")
        self.seeder_wire = self.headquarters.wires["seeder"]
        self.sites, self.lines = [], {}
        for number, count in enumerate(sites, start=1):
            self._site(number, count, wan_rate, lan_rate)

    def _site(self, number, count, wan_rate, lan_rate):
        site = Lan(f"site{number}", number, lan_rate)
        router = self.headquarters.switch
        self.lines[site.name] = wire(router, f"line{number}", site.switch, "wan", wan_rate)
        address(router, f"line{number}", f"10.77.{100 + number}.1/30")
        address(site.switch, "wan", f"10.77.{100 + number}.2/30", f"10.77.{100 + number}.1")
        router.ip("route", "add", f"10.77.{number}.0/24", "via", f"10.77.{100 + number}.2")
        for index in range(count):
            site.host(f"{site.name}-pc{index + 1}")
        self.sites.append(site)

    @property
    def nodes(self):
        return [host for site in self.sites for host in site.hosts]
