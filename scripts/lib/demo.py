"""The demo itself; scripts/demo prepares what it needs, and describes its options."""
import argparse
import pathlib
import shutil
import signal
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "functional"), str(pathlib.Path(__file__).resolve().parent)]

from harness import enclosure, office, payloads, port_watch, programs  # noqa: E402

import demo_releases  # noqa: E402
import demo_view  # noqa: E402
import demo_work  # noqa: E402

WORK = ROOT / "build" / "demo" / "run"
WAN, LAN = "20mbit", "100mbit"
MOST_COPIES = 3
PATIENCE = 300


class Failed(Exception):
    pass


class Demo:
    def __init__(self, options, given):
        self.options, self.networks = options, given.networks
        self.office = None
        self.seeder, self.nodes, self.places = None, [], {}
        self.watch = None

    def run(self):
        self.open_office()
        releases = demo_releases.build(WORK, self.options.fast, self.networks)
        first, second = releases.first, releases.second
        view = demo_view.View(self, releases.app)

        view.title(f"Version {first.version} of {releases.app}, first installation")
        view.begin(self.publish(releases, first).length)
        self.seeder.serve()
        for node in self.nodes:
            self.start_node(node, releases)
        self.wait_for(first.version, view, {node.name: 0 for node in self.nodes})
        if self.networks:
            self.watch = port_watch.PortWatch(self.watch_places(), releases.port)

        view.title(f"Version {second.version}: {second.what}")
        before = self.counters()
        since = {node.name: node.daemon.count() for node in self.nodes}
        target = self.publish(releases, second)
        published = time.monotonic()
        view.begin(target.length)
        self.wait_for(second.version, view, since)
        summary = demo_view.Summary(self, releases.app, second, target, published, since, before)
        good = summary.show(MOST_COPIES)
        return self.show_work(view) and good

    def show_work(self, view):
        if not self.networks:
            return True
        view.title("An application that is at work: asked first, its port kept open, its job taken over")
        return demo_work.Desk(self.nodes[0], self.office.nodes[0], WORK, self.seeder.publish).show()

    def open_office(self):
        count = self.options.nodes
        if self.networks:
            self.office = office.Office([count - count // 2, count // 2], WAN, LAN)
            hosts = [(host.name, host.address, host) for host in self.office.nodes]
            self.seeder = programs.Seeder(WORK / "seeder", self.office.seeder.address, network=self.office.seeder)
            print(f"headquarters with the seeder; 2 sites with {count} nodes behind lines of {WAN} each way; "
                  f"{LAN} inside a site")
        else:
            hosts = [(f"pc{i}", f"127.0.1.{i}", None) for i in range(1, count + 1)]
            self.seeder = programs.Seeder(WORK / "seeder", "127.0.1.254")
        self.places = {address: name for name, address, _ in hosts}
        self.places[self.seeder.address] = "seeder"
        self.seeder.init("--expect-nodes", count)
        self.nodes = [programs.Node(WORK / name, name, address, network=host) for name, address, host in hosts]

    def watch_places(self):
        return [(site.switch, [host.address for host in site.hosts]) for site in self.office.sites]

    def publish(self, releases, release):
        target = self.seeder.publish(release.directory, releases.app, release.version, *releases.policy,
                                     seconds=PATIENCE)
        print(f"published {releases.app} {release.version}: {target.length / 1e6:.1f} MB to send, "
              f"{target.unpacked_length / 1e6:.1f} MB and {target.entry_count} entries unpacked")
        return target

    def start_node(self, node, releases):
        also = ["--app", demo_work.APP] if node is self.nodes[0] and self.networks else []
        answer = node.join(self.seeder, "--app", releases.app, *also)
        if answer.code != 0:
            raise Failed(f"{node.name} could not join: {answer.err}")
        if not self.networks:
            node.configure(many_peers_per_address="true")
            node.home(releases.app).mkdir(parents=True, exist_ok=True)
            (node.home(releases.app) / "address").write_text(node.address)
        node.run()

    def wait_for(self, version, view, since):
        """Shows the swarm until every node has ended its attempt on a version."""
        end = time.monotonic() + PATIENCE
        while True:
            endings = {node.name: ended(node, version, since[node.name]) for node in self.nodes}
            view.show(self.nodes, last=all(endings.values()))
            if all(endings.values()):
                return
            if time.monotonic() > end:
                late = ", ".join(name for name, ending in endings.items() if not ending)
                raise Failed(f"not finished after {PATIENCE} s: {late}")
            stopped = [node for node in self.nodes if not node.daemon.running()]
            if stopped:
                raise Failed(f"{stopped[0].name} has stopped by itself:\n" + "\n".join(stopped[0].daemon.lines[-10:]))
            view.pause()

    def counters(self):
        """Bytes so far: out of the seeder, and down each site's line."""
        if not self.networks:
            return {}
        down = {f"over the line to {name}": line.to_far() for name, line in self.office.lines.items()}
        return {"by the seeder": self.office.seeder_wire.to_near(), **down}

    def close(self):
        if self.watch:
            self.watch.stop()
        for program in [*self.nodes, self.seeder]:
            if program and program.daemon and program.daemon.running():
                program.daemon.stop()


def ended(node, version, since):
    """The event that ended the node's attempt since then, if there is one."""
    endings = ("attempt.committed", "attempt.rolled_back", "attempt.failed")
    return next((e for e in node.daemon.events[since:] if e.name in endings and version in e.text), None)


def keep(demo):
    print("\nThe office stays open until Ctrl-C. Look around from another terminal, for example:")
    node = demo.nodes[0]
    print(f"  {programs.BIN}/lanyard-node status --state {node.state}")
    print(f"  {programs.BIN}/lanyard-seeder status --state {demo.seeder.state}")
    signal.pause()


def main(given):
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    if not given.networks:
        print(f"No private networks: {given.reason}. Everything runs on 127.0.1.x of this machine instead.")
    demo = Demo(parsed, given)
    try:
        good = demo.run()
        if parsed.keep:
            keep(demo)
        return 0 if good else 1
    except Failed as failure:
        print(f"\nThe demo failed: {failure}", file=sys.stderr)
        return 1
    finally:
        demo.close()
        shutil.rmtree(WORK, ignore_errors=True)


parser = argparse.ArgumentParser(add_help=False)
parser.add_argument("--nodes", type=int, default=0)
parser.add_argument("--fast", action="store_true")
parser.add_argument("--keep", action="store_true")
parsed = parser.parse_args()
parsed.nodes = parsed.nodes or (4 if parsed.fast else 8)
if not 2 <= parsed.nodes <= 64:
    sys.exit("demo: --nodes: between 2 and 64")
sys.exit(enclosure.run_enclosed(main))
