"""The seeder's port under abuse, from outside: refused, bounded, and whoever asks honestly is served meanwhile."""
import contextlib
import resource
import selectors
import socket
import ssl
import subprocess

import pytest

from harness import programs, wire

HONEST = "127.0.9.9"


@pytest.fixture
def published(seeder, release):
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    return seeder


@pytest.fixture
def many_files():
    """This process may have as many sockets as the system lets it."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield before[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def connect(seeder, source):
    return socket.create_connection((seeder.address, seeder.port), timeout=programs.PATIENCE,
                                    source_address=(source, 0))


def answer_to(seeder, request, source="127.0.9.1"):
    """Everything that comes back on a connection of its own. The server may refuse before it has read all."""
    with connect(seeder, source) as sock:
        with contextlib.suppress(OSError):
            sock.sendall(request)
            sock.shutdown(socket.SHUT_WR)
        got = b""
        with contextlib.suppress(ConnectionError):
            while block := sock.recv(65536):
                got += block
        return got


def get(path, extra=b""):
    return b"GET " + path + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + extra + b"\r\n"


def status(answer):
    return int(answer.split(b" ", 2)[1])


def expect_honest_answers(seeder):
    answer = answer_to(seeder, get(b"/metadata/timestamp.pb"), HONEST)
    assert status(answer) == 200, answer
    assert answer.endswith((seeder.state / "public" / "metadata" / "timestamp.pb").read_bytes())


def resident(daemon):
    """Bytes."""
    with open(f"/proc/{daemon.process.pid}/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


OUTSIDE = [b"/..%2f..%2fkeys/root.pem", b"/%2e%2e/keys/root.pem", b"/metadata/..%2f..%2fkeys/root.pem",
           b"/metadata/../../keys/root.pem", b"/metadata/%2e%2e%2f%2e%2e%2fkeys%2froot.pem",
           b"/metadata/..%252f..%252fkeys/root.pem", b"/metadata/..%c0%af..%c0%afkeys/root.pem",
           b"/metadata/..\\..\\keys\\root.pem", b"/metadata/..%5c..%5ckeys%5croot.pem", b"//keys/root.pem",
           b"/metadata//../../keys/root.pem", b"/metadata/timestamp.pb%00", b"/metadata/timestamp.pb%00.root.pb",
           b"/metadata/timestamp.pb/", b"/metadata/timestamp.pb%0d%0aX:%20y", b"/metadata/", b"/metadata",
           b"/packages/", b"/packages/" + b"a" * 64 + b"/../../../keys/root.pem", b"/seeder.toml", b"/keys/root.pem",
           b"/metadata/%74imestamp.pb%20", b"/METADATA/timestamp.pb", b"/metadata/./timestamp.pb"]


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: path.decode("latin1").replace("\x00", "0"))
def test_no_path_leads_to_a_file_that_is_not_public(path, shared_service):
    answer = answer_to(shared_service, get(path))
    assert status(answer) in (400, 404), answer
    assert b"PRIVATE KEY" not in answer and b"[seeder]" not in answer
    assert b"\r\nX: y" not in answer


@pytest.mark.parametrize("length", [2049, 8_000, 100_000, 500_000])
def test_an_overlong_path_is_refused(length, shared_service):
    assert status(answer_to(shared_service, get(b"/" + b"a" * length))) in (404, 414, 431)
    expect_honest_answers(shared_service)


BODIES = {
    "five gigabytes claimed": (b"Content-Length: 5000000000\r\n\r\n", 413),
    "more than 64 bits claimed": (b"Content-Length: 99999999999999999999\r\n\r\n", 400),
    "chunks without end": (b"Transfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + b"x" * 4096 + b"\r\n" +
                           (b"1000\r\n" + b"x" * 4096 + b"\r\n") * 100, 413),
    "one chunk of an exabyte": (b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n" + b"x" * 100_000, 413),
    "sixty kilobytes that are no protobuf": (b"Content-Length: 60000\r\n\r\n" + b"\xff" * 60_000, 400),
    "groups nested thirty thousand deep": (b"Content-Length: 60000\r\n\r\n" + b"\x0b" * 60_000, 400),
}


@pytest.mark.parametrize("path", [b"/v1/check", b"/v1/report", b"/v1/announce"])
@pytest.mark.parametrize("what", BODIES)
def test_a_huge_or_senseless_body_is_refused(what, path, shared_service):
    rest, code = BODIES[what]
    before = resident(shared_service.daemon)
    answer = answer_to(shared_service, b"POST " + path + b" HTTP/1.1\r\nHost: a\r\n" + rest)
    assert status(answer) in (code, 403), answer
    assert resident(shared_service.daemon) - before < 64 * 1024 * 1024
    expect_honest_answers(shared_service)


def test_a_flood_from_one_address_is_told_when_to_come_back_and_others_are_served(published):
    requests = get(b"/healthz").replace(b"Connection: close\r\n", b"") * 500
    with connect(published, "127.0.9.1") as flood:
        got = b""
        for _ in range(4):
            flood.sendall(requests)
        expect_honest_answers(published)
        flood.shutdown(socket.SHUT_WR)
        while block := flood.recv(65536):
            got += block
    answers = got.split(b"HTTP/1.1 ")[1:]
    assert {answer[:3] for answer in answers} == {b"200", b"429"}
    assert all(b"Retry-After: 1\r\n" in answer for answer in answers if answer.startswith(b"429"))
    expect_honest_answers(published)


def test_ten_thousand_idle_connections_are_borne_and_honest_ones_are_served(seeder, make_node, release, many_files,
                                                                            record_property):
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    count = min(10_000, many_files - 500)
    before = resident(seeder.daemon)
    sources = [f"127.0.8.{number}" for number in range(1, 13)]
    idle, answered = [], 0
    for number in range(count):
        idle.append(connect(seeder, sources[number % len(sources)]))
        # Each has had an answer, be it that it asks too often: then it may stay for a minute.
        idle[-1].sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        answered += idle[-1].recv(4096).startswith(b"HTTP/1.1 ")
    each = (resident(seeder.daemon) - before) / count
    record_property("bytes_each", round(each))
    print(f"{answered} idle connections, {each / 1024:.1f} KiB each")
    assert answered == count
    assert each < 64 * 1024
    expect_honest_answers(seeder)
    assert make_node(seeder).call("check").code == 0
    with selectors.DefaultSelector() as closed:
        for sock in idle:
            closed.register(sock, selectors.EVENT_READ)
        assert len(closed.select(timeout=0)) == 0, "none was closed to make room: there was enough"
    for sock in idle:
        sock.close()


def test_connections_that_never_say_a_word_do_not_keep_others_out(published, many_files):
    """More than an address may have, from one address; and more than anybody may have, from many."""
    count = min(3_000, many_files - 500)
    silent = [connect(published, "127.0.9.1") for _ in range(count)]
    expect_honest_answers(published)
    for sock in silent:
        sock.close()


def test_a_header_that_comes_byte_by_byte_is_cut_and_others_are_served(published):
    slow = [connect(published, "127.0.9.1") for _ in range(50)]
    with selectors.DefaultSelector() as cut:
        for sock in slow:
            sock.sendall(b"GET /metadata/timestamp.pb HTTP/1.1\r\nX: ")
            cut.register(sock, selectors.EVENT_READ)
        waiting = set(slow)

        def all_cut():
            for sock in waiting.copy():
                with contextlib.suppress(ConnectionError):
                    sock.send(b"x")
            for key, _ in cut.select(timeout=0):
                waiting.discard(key.fileobj)
                cut.unregister(key.fileobj)
            expect_honest_answers(published)
            return not waiting

        programs.wait_until(all_cut, "the server cuts who takes forever")
    for sock in slow:
        with contextlib.suppress(ConnectionError):
            assert sock.recv(4096).startswith(b"HTTP/1.1 408")
        sock.close()


def test_a_node_follows_no_redirect(make_node, published, fresh_addresses, tmp_path):
    """What answers in the seeder's place may send it nowhere."""
    node = make_node(published)
    address = fresh_addresses()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*wire.Forge(tmp_path / "liar").server(published, address))
    with socket.create_server((address, 8099)) as elsewhere, socket.create_server((address, 8098)) as liar:
        node.configure(url=f'"https://{address}:8098"')
        command = subprocess.Popen([programs.BIN / "lanyard-node", "check", "--state", node.state],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        sock = context.wrap_socket(liar.accept()[0], server_side=True)
        sock.recv(65536)
        sock.sendall(f"HTTP/1.1 302 Found\r\nLocation: http://{address}:8099/\r\nContent-Length: 0\r\n\r\n".encode())
        assert command.wait(timeout=programs.PATIENCE) == 6
        sock.close()
        elsewhere.setblocking(False)
        with pytest.raises(BlockingIOError):
            elsewhere.accept()
