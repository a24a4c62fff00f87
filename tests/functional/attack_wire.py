"""A seeder in wrong hands, below the manifest: HTTP that is none, bodies without end, torrents and peers that lie."""
import socket
import subprocess
import threading

import pytest

from evil.gate import Attack, response
from evil.peer import RubbishPeer
from harness import payloads, programs

GROWTH = 64 << 20  # bytes of memory that an attack may cost; what it costs is printed


def endless_header(_):
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n"
    block = bytes(1 << 20)
    for _ in range(5000):
        yield block


def endless_chunks(_):
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    block = b"10000\r\n" + bytes(65536) + b"\r\n"
    for _ in range(80_000):
        yield block


def endless_until_closed(_):
    yield b"HTTP/1.1 200 OK\r\n\r\n"
    block = bytes(1 << 20)
    for _ in range(5000):
        yield block


ENDLESS = {
    "5 GB that are announced": endless_header,
    "5 GB in chunks": endless_chunks,
    "5 GB until the connection closes": endless_until_closed,
}


@pytest.mark.parametrize("what", ENDLESS)
def test_a_timestamp_without_end_is_left_at_its_limit(what, siege, capsys):
    attack = Attack(siege.repository().files, overrides={"/metadata/timestamp.pb": ENDLESS[what]})
    before, _ = siege.memory()
    with siege.nothing_changes():
        siege.refused(attack, "trust.refused", "timestamp.pb is larger than .*endless data")
    resident, most = siege.memory()
    with capsys.disabled():
        print(f"\n{what}: the node grew by {max(0, resident - before) >> 10} KiB to {resident >> 20} MiB, "
              f"at most {most >> 20} MiB ever")
    assert resident - before < GROWTH
    siege.recovers()


def tricks():
    redirect = "http://127.0.0.1:9/metadata/timestamp.pb"
    whole = response(b"x")
    return {
        "a redirect": (response(b"", "302 Found", f"Location: {redirect}"), "answered .* with status 302"),
        "a permanent redirect": (response(b"", "301 Moved", f"Location: {redirect}"), "with status 301"),
        "a header of a megabyte": (response(b"x", "200 OK", "X-Fill: " + "x" * 1_000_000), "does not speak HTTP"),
        "100,000 header fields": (response(b"x", "200 OK", *["X: y"] * 100_000), "does not speak HTTP"),
        "a chunk of 2^64 bytes": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nx",
                                  "does not speak HTTP|is larger than"),
        "a chunk of no size": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "does not speak HTTP"),
        "a negative length": (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx", "does not speak HTTP"),
        "two lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", "does not speak HTTP"),
        "length and chunks": (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"
                              b"0\r\n\r\n", "does not speak HTTP"),
        "another protocol": (b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n", "does not speak HTTP"),
        "an interim answer": (b"HTTP/1.1 100 Continue\r\n\r\n" + whole, "an interim answer|does not speak"),
        "half of the announced body": (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "cannot be asked"),
        "a status of 500": (response(b"", "500 Internal Server Error"), "with status 500"),
    }


@pytest.mark.parametrize("what", tricks())
def test_http_is_refused_that_is(what, siege):
    answer, words = tricks()[what]

    def once(_):
        yield answer

    attack = Attack(siege.repository().files, overrides={"/metadata/timestamp.pb": once})
    with siege.nothing_changes():
        siege.refused(attack, "check.failed", words)
    siege.recovers()


CHECKS = {
    "of noise": (response(b"\xff" * 100), "answer to a check cannot be read"),
    "of a megabyte": (response(bytes(1_000_000)), "longer than the"),
    "that redirects": (response(b"", "307 Temporary Redirect", "Location: http://127.0.0.1:9/"), "with status 307"),
}


@pytest.mark.parametrize("what", CHECKS)
def test_an_answer_to_a_check_is_refused(what, siege):
    answer, words = CHECKS[what]
    with siege.nothing_changes():
        siege.refused(Attack(overrides={"/v1/check": answer}), "check.failed", words)
    siege.recovers()


def test_nobody_goes_where_a_redirect_leads(siege):
    with socket.create_server((siege.gate.address, 0)) as listener:
        listener.setblocking(False)
        where = f"Location: http://{siege.gate.address}:{listener.getsockname()[1]}/"
        attack = Attack(siege.repository().files,
                        overrides={"/metadata/timestamp.pb": response(b"", "302 Found", where)})
        siege.refused(attack, "check.failed", "with status 302")
        with pytest.raises(BlockingIOError):
            listener.accept()
    siege.recovers()


def test_an_answer_that_drips_is_cut_at_its_deadline(siege):
    """Slow retrieval: the node gives a file of metadata a minute."""
    closed = threading.Event()

    def drip(_):
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
        while not closed.wait(0.5):
            yield b"x"

    attack = Attack(siege.repository().files, overrides={"/metadata/timestamp.pb": drip})
    with siege.nothing_changes():
        place = siege.node.daemon.count()
        siege.gate.besiege(attack)
        siege.node.daemon.wait("check.failed", "did not answer in time", after=place, seconds=3 * programs.PATIENCE)
    closed.set()
    siege.recovers()


def with_next_release(siege):
    """The honest files of a release that the node has not heard of, and everything that goes with it."""
    attack, target = siege.next_release(data_bytes=900_000)
    return attack, target, target.sha256.hex()


def test_a_torrent_that_was_not_signed_is_refused(siege):
    attack, target, name = with_next_release(siege)
    attack.packages[name + ".torrent"] = attack.packages[siege.old_package() + ".torrent"]
    with siege.nothing_changes():
        place = siege.node.daemon.count()
        siege.gate.besiege(attack)
        siege.node.daemon.wait("attempt.failed", f"torrent of demo {target.version} is not the one that was signed",
                               after=place)
    siege.recovers()


def test_a_torrent_without_end_is_refused(siege):
    attack, _, name = with_next_release(siege)
    attack.overrides[f"/packages/{name}.torrent"] = endless_chunks
    before, _ = siege.memory()
    with siege.nothing_changes():
        place = siege.node.daemon.count()
        siege.gate.besiege(attack)
        siege.node.daemon.wait("attempt.failed", "endless data", after=place)
    assert siege.memory()[0] - before < GROWTH
    siege.recovers()


def test_a_swapped_package_is_found_piece_by_piece_and_nothing_of_it_is_kept(siege):
    """Everything is honest but the bytes: the only peer, which calls itself the seeder, sends others."""
    attack, target, name = with_next_release(siege)
    pieces = -(-target.length // target.swarm.piece_length)
    peer = RubbishPeer(siege.gate.address, pieces)
    attack.peers = [(siege.gate.address, peer.port, True)]
    attack.packages[name] = bytes(target.length)
    attack.packages[name + ".pieces"] = bytes(32 * pieces)
    with siege.nothing_changes():
        place = siege.node.daemon.count()
        siege.gate.besiege(attack)
        siege.node.daemon.wait("swarm.piece_failed", after=place)
        assert "phase.stage" not in [event.name for event in siege.node.daemon.events[place:]]
        assert siege.node.app("demo").attempt.bytes_done < target.length
    peer.stop()
    siege.recovers()


@pytest.mark.networks
def test_peers_outside_the_networks_of_the_node_get_no_packet(siege):
    """Public, multicast and broadcast addresses, the node's own, port 0: a tracker cannot aim nodes at others (B07)."""
    outside = "203.0.113.5"
    subprocess.run(["ip", "address", "add", f"{outside}/32", "dev", "lo"], check=True)
    attack, _, _ = with_next_release(siege)
    with socket.create_server((outside, 6881)) as listener, socket.create_server((siege.gate.address, 0)) as inside:
        listener.setblocking(False)
        attack.peers = [(outside, 6881, True), ("224.0.0.1", 6881, False), ("255.255.255.255", 6881, False),
                        (siege.gate.address, 9001, False), (siege.gate.address, 0, False), ("not an address", 1, False),
                        ("::1", 6881, False), (siege.gate.address, inside.getsockname()[1], False)]
        with siege.nothing_changes():
            siege.gate.besiege(attack)
            inside.settimeout(programs.PATIENCE)
            inside.accept()[0].close()  # the list has arrived, and who may be asked is asked
            siege.gate.wait("/v1/announce", 3)
            with pytest.raises(BlockingIOError):
                listener.accept()
    subprocess.run(["ip", "address", "delete", f"{outside}/32", "dev", "lo"], check=True)
    siege.recovers()


def test_a_real_siege_the_whole_seeder_is_replaced_and_comes_back(siege):
    """Not the way to it but the process itself: stopped, somebody else at its address, then started again."""
    siege.seeder.daemon.stop()
    with siege.nothing_changes():
        siege.refused(Attack(siege.old[-1].files, siege.packages()), "trust.refused", "rollback")
        assert payloads.answer(siege.port) == siege.version
    siege.seeder.serve()
    siege.recovers()
