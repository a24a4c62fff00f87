import collections
import itertools
import os
import subprocess

import pytest

from harness import payloads, programs

# LANYARD_SHARD=N: the N-th of several runs side by side.
SHARD = int(os.environ.get("LANYARD_SHARD", "0"))

_numbers = itertools.count(1)
_ports = itertools.count(18000 + 500 * SHARD)


def new_address():
    number = next(_numbers)
    return f"127.{20 + SHARD}.{number // 250}.{number % 250 + 1}"


def stop_all(things):
    """No sanitizer may have complained of any."""
    failures = []
    for thing in reversed(things):
        daemon = thing.daemon
        if daemon is None:
            continue
        try:
            if daemon.running():
                daemon.stop()
            daemon.check()
        except BaseException as error:  # the others must be stopped as well
            failures.append(error)
            daemon.process.kill()
    if failures:
        raise failures[0]


@pytest.fixture
def fresh_addresses():
    """Gives addresses of 127.0.0.0/8 that no other test uses."""
    return new_address


@pytest.fixture
def fresh_address(fresh_addresses):
    """One of them, the same for all of the test."""
    return fresh_addresses()


@pytest.fixture
def free_port():
    """A port of 127.0.0.1 that no other test uses, for an application."""
    return next(_ports)


@pytest.fixture
def started(request):
    """Whatever a test starts is put here, and is stopped at its end."""
    things = []
    yield things
    stop_all(things)


@pytest.fixture
def make_seeder(tmp_path, started, fresh_address):
    def make(name="seeder", init=True, address=None, **options):
        seeder = programs.Seeder(tmp_path / name, address or fresh_address, **options)
        if init:
            seeder.init()
        started.append(seeder)
        return seeder

    return make


@pytest.fixture(scope="module")
def initialised(tmp_path_factory):
    """What `init` has made, to be copied: keys are as good the second time where there is one seeder."""
    made = programs.Seeder(tmp_path_factory.mktemp("initialised") / "seeder", "127.0.0.1")
    made.init()
    return made


@pytest.fixture
def seeder(initialised, make_seeder):
    """Initialised and serving."""
    made = make_seeder(init=False)
    made.copy(initialised)
    made.serve()
    return made


@pytest.fixture(scope="module")
def shared_seeder(tmp_path_factory):
    """Initialised, with demo 1.0.0: one for all tests of a module that leave it as it was."""
    folder = tmp_path_factory.mktemp("shared")
    made = programs.Seeder(folder / "seeder", new_address())
    made.init()
    made.publish(payloads.directory(folder / "payload", "1.0.0"), "demo", "1.0.0")
    yield made
    stop_all([made])


@pytest.fixture(scope="module")
def shared_service(shared_seeder):
    """The same, serving."""
    shared_seeder.serve()
    return shared_seeder


@pytest.fixture
def make_node(tmp_path, started, fresh_address):
    """A node that has joined: make_node(seeder, "pc-1", "--app", "demo")."""
    swarm_ports = itertools.count(9001)

    def make(seeder, name="node", *options, app="demo", address=None, network=None, **settings):
        node = programs.Node(tmp_path / name, name, address or fresh_address, next(swarm_ports), network)
        answer = node.join(seeder, *(["--app", app] if app else []), *options)
        assert answer.code == 0, answer
        if network is None:
            settings.setdefault("many_peers_per_address", "true")
        if settings:
            node.configure(**settings)
        started.append(node)
        return node

    return make


@pytest.fixture(scope="module")
def _sieges():
    """The one under way, if the last test has left it in good order."""
    kept = []
    yield kept
    for siege in kept:
        siege.stop()


@pytest.fixture
def fresh_siege(tmp_path_factory, fresh_address, free_port):
    """A node that runs version 2 of an honest seeder, and somebody in between (evil.siege)."""
    from evil.siege import Siege

    made = Siege(tmp_path_factory.mktemp("siege"), fresh_address, free_port)
    yield made
    made.stop()


@pytest.fixture
def siege(_sieges, tmp_path_factory, fresh_address, free_port):
    """The same, handed from test to test of a module while all goes well."""
    from evil.siege import Siege

    made = _sieges.pop() if _sieges else Siege(tmp_path_factory.mktemp("siege"), fresh_address, free_port)
    recovered = made.number
    yield made
    if made.number > recovered and made.settled():
        _sieges.append(made)
    else:
        made.stop()


@pytest.fixture
def release(tmp_path):
    """release("1.0.0") is a directory with the sample application of that version."""

    def make(version, **options):
        return payloads.directory(tmp_path / f"payload-{version}", version, **options)

    return make


@pytest.fixture
def small_disk(tmp_path):
    """small_disk(place, "3m"): a file system of that size there."""
    mounted = []

    def make(place, size):
        place.mkdir(parents=True, exist_ok=True)
        options = f"size={size}" if place not in mounted else f"remount,size={size}"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], check=True)
        mounted.append(place)

    yield make
    for place in set(mounted):
        subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture
def machine(tmp_path):
    """One of the test's own to install packages on."""
    from harness.machine import Machine

    if os.geteuid() != 0:
        pytest.skip("dpkg and rpm install for root only")
    made = Machine(tmp_path / "machine", tmp_path)
    yield made
    made.remove()


def pytest_collection_modifyitems(config, items):
    for item in items:
        if item.get_closest_marker("networks") and not os.environ.get("LANYARD_NETWORKS"):
            item.add_marker(pytest.mark.skip(reason="needs private networks: root, or user namespaces"))


def pytest_runtestloop(session):
    """Of the files that no shard runs yet, the one with most tests is the next: what a file's tests share is made once."""
    if session.testsfailed or session.config.option.collectonly:
        return None  # as pytest does it
    files = collections.defaultdict(list)
    for item in session.items:
        files[item.path].append(item)
    for path, items in sorted(files.items(), key=lambda entry: -len(entry[1])):
        if not claimed(path.name):
            session.config.hook.pytest_deselected(items=items)
            session.items = [item for item in session.items if item.path != path]
            session.testscollected = len(session.items)
            continue
        for item, following in itertools.zip_longest(items, items[1:]):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)
    return True


def claimed(name):
    """Whether this shard is the first that asks for it."""
    claims = os.environ.get("LANYARD_CLAIMS")
    if not claims:
        return True
    try:
        os.close(os.open(os.path.join(claims, name), os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def pytest_configure(config):
    config.addinivalue_line("markers", "networks: needs network namespaces")
