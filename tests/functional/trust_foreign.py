"""What the seeder signs is checked here by other people's tools: OpenSSL and protoc."""
import hashlib
import subprocess

import pytest

from harness import messages

ROLES = ("root", "targets", "snapshot", "timestamp")


def envelope(seeder, name):
    read = messages.envelope_pb2.Envelope()
    read.ParseFromString((seeder.state / "public" / "metadata" / name).read_bytes())
    return read


def pre_authentication(kind, payload):
    """PAE of DSSE 1.0.2."""
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)


def verified_by_openssl(public_key, message, signature, place):
    # The fixed beginning of an Ed25519 SubjectPublicKeyInfo, RFC 8410.
    (place / "key.der").write_bytes(bytes.fromhex("302a300506032b6570032100") + public_key)
    (place / "message").write_bytes(message)
    (place / "signature").write_bytes(signature)
    done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", place / "key.der", "-keyform", "DER",
                           "-rawin", "-in", place / "message", "-sigfile", place / "signature"], capture_output=True)
    return done.returncode == 0


@pytest.fixture
def published(make_seeder, release):
    seeder = make_seeder()
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    return seeder


def newest(seeder, role):
    if role == "timestamp":
        return "timestamp.pb"
    files = (seeder.state / "public" / "metadata").glob(f"*.{role}.pb")
    return max(files, key=lambda path: int(path.name.partition(".")[0])).name


@pytest.mark.parametrize("role", ROLES)
def test_openssl_verifies_the_signature_of_a_role_with_a_key_of_the_root(role, published, tmp_path):
    root = messages.metadata_pb2.Root()
    root.ParseFromString(envelope(published, newest(published, "root")).payload)
    keys = {hashlib.sha256(bytes([key.alg]) + key.public_key).digest(): key.public_key for key in root.keys}
    signed = envelope(published, newest(published, role))
    assert signed.payload_type == f"application/vnd.lanyard.{role}.v1+protobuf"
    allowed = set(getattr(root, role).keyids)
    message = pre_authentication(signed.payload_type, signed.payload)
    good = [s for s in signed.signatures if s.keyid in allowed
            and verified_by_openssl(keys[s.keyid], message, s.sig, tmp_path)]
    assert len(good) >= getattr(root, role).threshold >= 1
    assert not verified_by_openssl(keys[good[0].keyid], message + b"x", good[0].sig, tmp_path)


def test_the_signed_target_names_the_package_the_torrent_and_the_piece_list(published):
    targets = messages.metadata_pb2.Targets()
    targets.ParseFromString(envelope(published, newest(published, "targets")).payload)
    [target] = targets.targets
    package = published.package(target)
    data = package.read_bytes()
    assert (len(data), hashlib.sha256(data).digest()) == (target.length, target.sha256)
    torrent = package.with_name(package.name + ".torrent").read_bytes()
    assert hashlib.sha256(torrent).digest() == target.swarm.torrent_sha256
    pieces = package.with_name(package.name + ".pieces").read_bytes()
    assert hashlib.sha256(pieces).digest() == target.swarm.piece_list_sha256
    step = target.swarm.piece_length
    assert pieces == b"".join(hashlib.sha256(data[at:at + step]).digest() for at in range(0, len(data), step))


@pytest.mark.parametrize("role", ROLES)
def test_a_node_refuses_a_manifest_in_which_one_bit_changed(role, published, make_node):
    published.serve()
    node = make_node(published)
    file = published.state / "public" / "metadata" / newest(published, role)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    answer = node.call("check")
    if role == "root":  # the node has it already, from join
        assert answer.code == 0, answer
    else:
        assert answer.code == 7, answer
        assert role in answer.err
    assert node.installed("demo") is None


def test_private_keys_are_readable_by_their_owner_only_and_are_never_served(published):
    keys = sorted((published.state / "keys").iterdir())
    assert [key.name for key in keys] == sorted(f"{role}.pem" for role in (*ROLES, "ca"))
    assert {key.stat().st_mode & 0o777 for key in keys} == {0o600}
    served = b"".join(path.read_bytes() for path in (published.state / "public").rglob("*") if path.is_file())
    assert b"PRIVATE KEY" not in served
