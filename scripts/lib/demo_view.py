"""What the demo shows: the swarm while it works, and the summary."""
import shutil
import sys
import time

from harness import messages, payloads

BAR = 16


class View:
    """A line a node, in place on a terminal, one block every few seconds otherwise."""

    def __init__(self, demo, app):
        self.demo, self.app = demo, app
        self.terminal = sys.stdout.isatty()
        self.every = 0.5 if self.terminal else 3.0
        self.lines_shown = 0
        self.started, self.package_bytes, self.before = time.monotonic(), 1, {}

    def title(self, text):
        print(f"\n--- {text}")

    def begin(self, package_bytes):
        """From now on this package is on its way."""
        self.package_bytes, self.before = package_bytes, self.demo.counters()
        self.lines_shown = 0
        self.started = time.monotonic()

    def show(self, nodes, last=False):
        lines = [self._clock()] + [self._line(node) for node in nodes]
        width = shutil.get_terminal_size().columns - 1
        if self.terminal and self.lines_shown:
            sys.stdout.write(f"\x1b[{self.lines_shown}A")
        for line in lines:
            print((line[:width] + "\x1b[K") if self.terminal else line)
        self.lines_shown = len(lines)
        sys.stdout.flush()
        if last:
            self.lines_shown = 0

    def pause(self):
        time.sleep(self.every)

    def _clock(self):
        copies = {name: (now - self.before[name]) / self.package_bytes for name, now in self.demo.counters().items()}
        text = f"{time.monotonic() - self.started:6.1f} s"
        if copies:
            text += "   copies sent so far: " + ", ".join(f"{name} {share:.2f}" for name, share in copies.items())
        return text

    def _line(self, node):
        answer = node.call("status", "--json")
        if answer.code != 0:
            return f"  {node.name:<11} {answer.err.strip()[:80]}"
        status = messages.from_json(answer.out, messages.status_pb2.NodeStatus)
        app = next((a for a in status.apps if a.app == self.app), None)
        if app is None:
            return f"  {node.name:<11} -"
        head = f"  {node.name:<11} runs {app.version or 'nothing':<8}"
        return head + (self._attempt(app.attempt) if app.HasField("attempt") else f" {app.last_detail}"[:60])

    def _attempt(self, attempt):
        share = attempt.bytes_done / attempt.bytes_total if attempt.bytes_total else 0.0
        text = f" {attempt.phase:<10}"
        if attempt.phase == "fetch":
            filled = round(share * BAR)
            text += f"[{'#' * filled}{'.' * (BAR - filled)}] {share:4.0%} {attempt.bytes_per_second / 1e6:4.1f} MB/s"
        sources = sorted(attempt.sources, key=lambda source: -source.bytes)
        if sources:
            text += "  MB from " + ", ".join(f"{self._place(s)} {s.bytes / 1e6:.1f}" for s in sources[:3])
        return text + (f"  {'; '.join(attempt.why)}" if attempt.why else "")

    def _place(self, source):
        return "seeder" if source.seeder else self.demo.places.get(source.address.rpartition(":")[0] or source.address,
                                                                    source.address)


class Summary:
    """What is true at the end, measured; show() says whether all that was promised holds."""

    def __init__(self, demo, app, release, target, published, since, before):
        self.demo, self.app, self.release, self.target = demo, app, release, target
        self.published, self.since = published, since
        after = demo.counters()
        self.moved = {name: after[name] - before[name] for name in after}
        if demo.watch:
            demo.watch.stop()

    def show(self, most_copies):
        print("\n=== Summary")
        trees = self._nodes()
        copies = self._traffic()
        faults = []
        if trees:
            faults.append(f"not on version {self.release.version} as published: {', '.join(trees)}")
        if copies > most_copies:
            faults.append(f"the seeder sent {copies:.2f} copies, more than {most_copies}")
        print("\n" + ("; ".join(faults) if faults else
              f"Every node runs version {self.release.version}, byte for byte as published."))
        return not faults

    def _nodes(self):
        """A line a node; returns those that are not as they should be."""
        wanted = payloads.tree_hash(self.release.directory)
        print(f"  {'node':<11} {'version':<8} {'tree':<10} {'fetched':>8} {'running':>8}   port closed (report, outside)")
        wrong = []
        for node in self.demo.nodes:
            version = node.installed(self.app)
            same = version is not None and payloads.tree_hash(node.home(self.app) / "current") == wanted
            if version != self.release.version or not same:
                wrong.append(node.name)
            print(f"  {node.name:<11} {version or '-':<8} {'identical' if same else 'DIFFERENT':<10} "
                  f"{self._after(node, 'phase.stage')} {self._after(node, 'attempt.committed')}   {self._closed(node)}")
        return wrong

    def _after(self, node, event):
        told = next((e for e in node.daemon.events[self.since[node.name]:] if e.name == event), None)
        return f"{told.at - self.published:6.1f} s" if told else "       -"

    def _report(self, node):
        return next((r for r in node.history() if r.to_version == self.release.version), None)

    def _closed(self, node):
        report = self._report(node)
        text = f"{report.ports_closed_ms} ms" if report else "-"
        if self.demo.watch:
            seconds = self.demo.watch.closed_seconds(node.address, self.published)
            text += f", {seconds * 1000:.0f} ms" if seconds is not None else ", still closed"
        return text

    def _traffic(self):
        """Who sent how much; returns the copies the seeder sent."""
        size, nodes = self.target.length, len(self.demo.nodes)
        reports = [report for report in map(self._report, self.demo.nodes) if report]
        from_seeder = sum(s.bytes for r in reports for s in r.sources if s.seeder)
        from_nodes = sum(s.bytes for r in reports for s in r.sources if not s.seeder)
        copies = from_seeder / size
        print(f"\n  package {size / 1e6:.1f} MB x {nodes} nodes = {size * nodes / 1e6:.0f} MB delivered: "
              f"{from_seeder / 1e6:.1f} MB by the seeder, {from_nodes / 1e6:.1f} MB by the nodes to each other")
        print(f"  copies the seeder sent: {copies:.2f} of {nodes} by the nodes' reports", end="")
        if self.moved:
            counted = self.moved["by the seeder"] / size
            print(f", {counted:.2f} by its link counter (headers and control traffic included)")
            copies = max(copies, counted)
            for name, moved in self.moved.items():
                if name != "by the seeder":
                    print(f"  {name}: {moved / 1e6:.1f} MB = {moved / size:.2f} copies "
                          f"for {self._count_at(name)} nodes")
        else:
            print("\n  not shown without private networks: the thin lines, bytes over them, closed ports")
        return copies

    def _count_at(self, line):
        return next(len(site.hosts) for site in self.demo.office.sites if line.endswith(site.name))
