"""Our programs as objects: a seeder, a node, and a daemon whose events can be waited for."""
import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time

from . import enclosure, messages

BIN = pathlib.Path(os.environ.get("LANYARD_BIN", pathlib.Path(__file__).resolve().parents[3] / "build" / "bin"))
# How long something that must happen may take before the test gives up. Never how long a test waits when all is well.
PATIENCE = 60

EVENT = re.compile(r"^(\S+Z) (\w+) +([a-z0-9_]+(?:\.[a-z0-9_]+)+): (.*)$")
# scripts/test --thorough, and what continuous integration runs: nothing is left out to save time.
THOROUGH = bool(os.environ.get("LANYARD_THOROUGH"))
# A command that ends at once is mostly start, and these halve it. Daemons look for leaks and more in any case.
QUICK_START = "report_globals=0:detect_leaks=0:detect_stack_use_after_return=0:malloc_context_size=2"

SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:")


@dataclasses.dataclass
class Event:
    at: float  # time.monotonic() when its line was read
    level: str
    name: str
    text: str


@dataclasses.dataclass
class Answer:
    """What a command that has ended left."""

    code: int
    out: str
    err: str

    def json(self, kind):
        assert self.code == 0, self
        return messages.from_json(self.out, kind)


def wait_until(condition, what, seconds=PATIENCE):
    """For states that no event tells of, in other people's programs and in files."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {seconds} s in vain: {what}"
        time.sleep(0.02)
    return value


class Daemon:
    """A process that runs until told otherwise; its stderr is kept, and read for events."""

    def __init__(self, command, network=None, log=None, environment=None, stderr=subprocess.PIPE):
        self.command = [str(part) for part in command]
        self.events, self.lines = [], []
        self.log = open(log, "a", encoding="utf-8") if log else None
        self._news = threading.Condition()
        self._over = False

        def enter():
            enclosure.die_with_parent()
            if network:
                network.enter()

        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr, text=True,
            errors="replace", preexec_fn=enter, env={**os.environ, **(environment or {})})
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _stderr(self):
        return self.process.stderr

    def _read(self):
        for line in self._stderr():
            at = time.monotonic()
            if self.log:
                self.log.write(line)
                self.log.flush()
            found = EVENT.match(line.rstrip("\n"))
            with self._news:
                self.lines.append(line.rstrip("\n"))
                if found:
                    self.events.append(Event(at, *found.groups()[1:]))
                self._news.notify_all()
        with self._news:
            self._over = True
            self._news.notify_all()

    def count(self):
        """A place in the row of events, for `after`."""
        with self._news:
            return len(self.events)

    def wait(self, name, text="", after=0, seconds=PATIENCE):
        """The first event of that name, with that text in it, from place `after` on."""
        end = time.monotonic() + seconds

        def found():
            return next((e for e in self.events[after:] if e.name == name and text in e.text), None)

        with self._news:
            while not (event := found()):
                left = end - time.monotonic()
                if self._over or left <= 0:
                    reason = "it ended" if self._over else f"{seconds} s are over"
                    raise AssertionError(f"no event {name} {text!r} after #{after}: {reason}. {self.command}\n"
                                         + "\n".join(self.lines[-40:]))
                self._news.wait(left)
        return event

    def place_behind(self, event, after=0):
        with self._news:
            return self.events.index(event, after) + 1

    def told(self, name):
        with self._news:
            return [event for event in self.events if event.name == name]

    def kill(self):
        """As a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._reader.join()

    def stop(self):
        """Politely; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=PATIENCE)
        self._reader.join()
        self.check()
        return code

    def running(self):
        return self.process.poll() is None

    def check(self):
        """No sanitizer has complained."""
        found = [line for line in self.lines if SANITIZER.search(line)]
        assert not found, f"{self.command}:\n" + "\n".join(self.lines[-60:])


def call(program, *arguments, network=None, seconds=PATIENCE, check_sanitizers=True, environment=None):
    """Runs one of our commands to its end."""
    quick = {} if THOROUGH else {"ASAN_OPTIONS": f"{os.environ.get('ASAN_OPTIONS', '')}:{QUICK_START}"}
    done = subprocess.run([str(BIN / program), *(str(a) for a in arguments)], capture_output=True, text=True,
                          errors="replace", stdin=subprocess.DEVNULL, timeout=seconds,
                          env={**os.environ, **quick, **(environment or {})},
                          preexec_fn=network.enter if network else None)
    if check_sanitizers:
        assert not SANITIZER.search(done.stderr), f"{program} {arguments}\n{done.stderr}"
    return Answer(done.returncode, done.stdout, done.stderr)


class Seeder:
    """A seeder's state directory and, once served, its daemon."""

    def __init__(self, state, address="127.0.0.1", port=8430, swarm_port=8431, network=None):
        self.state, self.address, self.port, self.swarm_port = pathlib.Path(state), address, port, swarm_port
        self.network, self.daemon = network, None
        self.url = f"https://{address}:{port}"
        self.root_digest = self.first_token = self._token = None

    def call(self, *arguments, **options):
        return call("lanyard-seeder", *arguments, "--state", self.state, network=self.network, **options)

    def init(self, *more):
        result = self.call("init", "--url", self.url, "--listen", self.address, "--port", self.port, "--swarm-port",
                           self.swarm_port, "--json", *more).json(messages.status_pb2.InitResult)
        self.root_digest = result.root_digest
        joining = re.search(r"--token (\S+)", result.join_line)  # none while the root waits for signatures
        self.first_token = joining and joining.group(1)
        return result

    def copy(self, other):
        """As if init() had been called here, at this address."""
        shutil.copytree(other.state, self.state)
        file = self.state / "seeder.toml"
        text = file.read_text()
        for there, here in [(f'url = "{other.url}"', f'url = "{self.url}"'),
                            (f'listen = "{other.address}"', f'listen = "{self.address}"')]:
            assert text.count(there) == 1, text
            text = text.replace(there, here)
        file.write_text(text)
        self.root_digest, self.first_token = other.root_digest, other.first_token

    def new_token(self, *more):
        return self.call("token", "new", "--json", *more).json(messages.admin_pb2.TokenResult).token

    def token(self):
        """One with which any number of nodes may join."""
        self._token = self._token or self.new_token("--uses", "1000")
        return self._token

    def nodes(self):
        """Those enrolled, and those that wait, by name."""
        listed = self.call("node", "list", "--json").json(messages.admin_pb2.NodeList)
        return {node.name: node for node in listed.nodes}

    def operator(self, name, role, out):
        """The file with which an operator comes; returns when a serving seeder knows the operator."""
        place = self.daemon.count() if self.daemon and self.daemon.running() else None
        answer = self.call("operator", "add", name, "--role", role, "--out", out, "--json")
        file = pathlib.Path(answer.json(messages.admin_pb2.OperatorInfo).file)
        if place is not None:
            self.daemon.wait("operator.action", f"add operator {name} ", after=place)
        return file

    def remote(self, identity, *arguments, **options):
        """A command over the network."""
        return call("lanyard-seeder", *arguments, "--remote", self.url, "--identity", identity, network=self.network,
                    **options)

    def publish(self, path, app, version, *more, seconds=PATIENCE):
        """Returns when the release is known to whoever asks from now on."""
        place = self.daemon.count() if self.daemon and self.daemon.running() else None
        answer = self.call("publish", path, "--app", app, "--version", version, "--json", *more, seconds=seconds)
        assert answer.code == 0, answer
        if place is not None:
            self.daemon.wait("publish.noticed", after=place)
        return answer.json(messages.status_pb2.PublishResult).release.target

    def serve(self):
        command = [BIN / "lanyard-seeder", "serve", "--state", self.state]
        self.daemon = Daemon(command, network=self.network, log=self.state.with_suffix(".log"))
        self.daemon.wait("seeder.ready")
        return self.daemon

    def status(self):
        return self.call("status", "--json").json(messages.status_pb2.SeederStatus)

    def package(self, target):
        return self.state / "public" / "packages" / target.sha256.hex()


class Node:
    """A node's state directory and, once run, its daemon."""

    def __init__(self, state, name, address="127.0.0.1", swarm_port=8431, network=None):
        self.state, self.name, self.address, self.swarm_port = pathlib.Path(state), name, address, swarm_port
        self.network, self.daemon = network, None

    def call(self, *arguments, **options):
        return call("lanyard-node", *arguments, "--state", self.state, network=self.network, **options)

    def join(self, seeder, *more, root_digest=None, token=None, **options):
        """`token`: by default one of the seeder's that anybody may use; "" for none."""
        right = ["--token", seeder.token() if token is None else token] if token != "" else []
        return self.call("join", "--seeder", seeder.url, "--root-digest", root_digest or seeder.root_digest, *right,
                         "--name", self.name, "--swarm-listen", self.address, "--swarm-port", self.swarm_port, *more,
                         **options)

    def configure(self, **values):
        """Changes keys of node.toml that are there already."""
        file = self.state / "node.toml"
        text = file.read_text()
        for key, value in values.items():
            text, count = re.subn(rf"(?m)^{key} *=.*$", f"{key} = {value}", text)
            assert count == 1, f"{key} stands {count} times in {file}:\n{text}"
        file.write_text(text)

    def run(self, *more, environment=None):
        command = [BIN / "lanyard-node", "run", "--state", self.state, *more]
        self.daemon = Daemon(command, network=self.network, log=self.state.with_suffix(".log"),
                             environment=environment)
        self.daemon.wait("node.ready")
        return self.daemon

    def journalled_phase(self):
        """Of the attempt under way, as it stands on the disk; None when there is none."""
        with contextlib.closing(sqlite3.connect(f"file:{self.state}/node.db?mode=ro", uri=True)) as journal:
            row = journal.execute("SELECT phase FROM journal_attempts WHERE ended_at IS NULL").fetchone()
        return row and row[0]

    def status(self):
        """Told by the daemon while there is one, without the start of a command: tests ask this all the time."""
        told = self._asked_of_the_daemon() if self.daemon and self.daemon.running() else None
        return told or self.call("status", "--json").json(messages.status_pb2.NodeStatus)

    def _asked_of_the_daemon(self):
        """None when it does not answer: it is on its way out. (local.proto)"""
        question = messages.local_pb2.LocalRequest(status=messages.local_pb2.StatusQuery()).SerializeToString()
        try:
            with socket.socket(socket.AF_UNIX) as line, line.makefile("rb") as answers:
                line.settimeout(PATIENCE)
                line.connect(str(self.state / "node.sock"))
                line.sendall(len(question).to_bytes(4, "big") + question)
                length = int.from_bytes(answers.read(4), "big")
                body = answers.read(length)
        except OSError:
            return None
        if len(body) < length:
            return None
        answer = messages.local_pb2.LocalResponse.FromString(body)
        return answer.status if answer.HasField("status") else None

    def app(self, name):
        return next(app for app in self.status().apps if app.app == name)

    def history(self):
        return list(self.call("history", "--json").json(messages.status_pb2.History).attempts)

    def home(self, app):
        return self.state / "apps" / app

    def installed(self, app):
        """The version that `current` points to, or None."""
        link = self.home(app) / "current"
        return os.readlink(link).rpartition("/")[2] if link.is_symlink() else None
