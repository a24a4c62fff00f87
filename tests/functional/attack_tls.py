"""S05: somebody between a node that runs and its seeder who cannot show what TLS asks for. What he serves is honest and
new, so a node that talked to him would install it: none does, each says why, and none ever speaks plainly instead."""
import contextlib
import re
import ssl

import pytest

from evil.gate import Gate, response
from evil.impostor import PlainTalker
from evil.siege import served_with

PAST = ("19900101000000Z", "19910101000000Z")
FUTURE = ("20980101000000Z", "20990101000000Z")
LONG = ("20200101000000Z", "20400101000000Z")
HANDSHAKE = b"\x16\x03"  # a TLS record of that kind; TLS 1.3 has the version of 1.0 or 1.2 in it


def as_server(siege):
    """Without the identifier of the CA's key, which would tell one from another of the same name."""
    return ("extendedKeyUsage = serverAuth\nauthorityKeyIdentifier = none\n"
            f"subjectAltName = IP:{siege.gate.address}\n")


def by_fleet_ca(siege):
    return served_with(*siege.forge.server(siege.seeder, siege.gate.address))


def by_another_ca(siege):
    """What a middlebox does that inspects the traffic of a company: right names, and its own signature."""
    own = siege.forge.self_signed("another CA")
    return served_with(*siege.forge.server_by(own, own, siege.gate.address))


def before_the_fleet_ca(siege, certificate):
    """A chain as the seeder shows it, in which a node looks for the CA that it has pinned."""
    chain = siege.forge.place / "chain.pem"
    chain.write_text(certificate.read_text() + (siege.seeder.state / "ca.crt").read_text())
    return chain


def by_another_ca_with_the_fleet_ca_behind_it(siege):
    """The pinned certificate is public: it may stand in any chain."""
    own = siege.forge.self_signed("another CA")
    chain, key = siege.forge.server_by(own, own, siege.gate.address)
    return served_with(before_the_fleet_ca(siege, chain), key)


def by_a_ca_of_the_same_name_with_the_fleet_ca_behind_it(siege):
    """Everything fits but the signature."""
    own = siege.forge.self_signed("lanyard fleet CA")
    bundle = siege.forge.signed_by(own, own, "look-alike", *LONG, extensions=as_server(siege))
    return served_with(before_the_fleet_ca(siege, bundle), bundle)


def self_signed(siege):
    return served_with(siege.forge.self_signed(siege.gate.address))


def of_a_node(siege):
    """One computer of the fleet is in wrong hands: it has a key and a certificate of the fleet CA, as a client."""
    return served_with(before_the_fleet_ca(siege, siege.node.state / "certificate.pem"), siege.node.state / "key.pem")


def for_another_host(siege):
    return served_with(*siege.forge.server(siege.seeder, "192.0.2.1"))


def at_another_time(start, end):
    def make(siege):
        ca = siege.seeder.state / "ca.crt", siege.seeder.state / "keys" / "ca.pem"
        bundle = siege.forge.signed_by(*ca, "mistimed", start, end, extensions=as_server(siege))
        return served_with(before_the_fleet_ca(siege, bundle), bundle)

    return make


def with_tls_1_2_only(siege):
    context = by_fleet_ca(siege)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


NOT_SIGNED = "shows a certificate that the trusted CA has not signed "
MIDDLEBOXES = {
    "another CA": (by_another_ca, NOT_SIGNED + r"\(not the pinned one, "),
    "another CA and the fleet CA behind it": (by_another_ca_with_the_fleet_ca_behind_it,
                                              NOT_SIGNED + r"\(issued by CN = another CA, "),
    "a CA of the same name and the fleet CA behind it": (
        by_a_ca_of_the_same_name_with_the_fleet_ca_behind_it,
        NOT_SIGNED + r"\(issued by CN = lanyard fleet CA, certificate signature failure"),
    "no CA": (self_signed, NOT_SIGNED + r"\(not the pinned one, "),
    "the certificate of a node": (of_a_node, NOT_SIGNED + ".*purpose"),
    "a certificate for another host": (for_another_host,
                                       r"shows a certificate for another name \(IP Address:192\.0\.2\.1\)"),
    "a certificate that has expired": (at_another_time(*PAST), r"is not valid now \(Jan .* 1990 .* 1991"),
    "a certificate of the future": (at_another_time(*FUTURE), r"is not valid now \(Jan .* 2098 .* 2099"),
    "TLS 1.2 only": (with_tls_1_2_only, r"does not speak TLS 1\.3"),
}


@contextlib.contextmanager
def in_the_seeders_place(siege, impostor):
    """Nobody says a word to him that is not TLS, and nothing comes of it; then the honest seeder is back."""
    with siege.nothing_changes():
        siege.gate.divert(impostor.port)
        connections = siege.gate.heard
        yield
    impostor.stop()
    siege.recovers()
    assert siege.node.status().alarm == ""
    heard = [bytes(said) for said in connections if said]
    assert len(heard) >= 2
    for said in heard:
        assert said.startswith(HANDSHAKE) and not re.search(rb"HTTP/|/v1/|/metadata/|/packages/", said), said


@pytest.mark.parametrize("what", MIDDLEBOXES)
def test_a_node_says_no_word_to_who_shows(what, siege):
    make, words = MIDDLEBOXES[what]
    attack, _ = siege.next_release()
    impostor = Gate(siege.gate.address, 0, None, make(siege))
    impostor.besiege(attack)
    place = siege.node.daemon.count()
    with in_the_seeders_place(siege, impostor):
        siege.says_twice(place, "trust.refused", words)
        assert re.search(words, siege.node.status().alarm)
        assert impostor.requests == []


PLAIN = {
    "an answer": response(),
    "an error": response(b"TLS is off today.", "400 Bad Request"),
    "a redirect to itself without TLS": None,
    "noise": b"\xff" * 100,
}


@pytest.mark.parametrize("what", PLAIN)
def test_a_node_does_not_speak_plainly_with_who_gives_it_plainly(what, siege):
    siege.next_release()
    answer = PLAIN[what] or response(b"", "302 Found", f"Location: http://{siege.gate.address}:{siege.gate.port}/")
    place = siege.node.daemon.count()
    with in_the_seeders_place(siege, PlainTalker(siege.gate.address, answer)):
        siege.says_twice(place, "trust.refused", r"does not speak TLS 1\.3")
        assert "does not speak TLS 1.3" in siege.node.status().alarm


def test_who_has_the_key_of_the_fleet_ca_is_talked_to(siege):
    """The same by a certificate that is right: the others are refused for nothing else."""
    attack, _ = siege.next_release()
    impostor = Gate(siege.gate.address, 0, None, by_fleet_ca(siege))
    impostor.besiege(attack)
    siege.gate.divert(impostor.port)
    impostor.wait("/v1/check")
    impostor.wait("/metadata/timestamp.pb")
    assert siege.gate.heard[0].startswith(HANDSHAKE)
    impostor.stop()
    siege.recovers()
