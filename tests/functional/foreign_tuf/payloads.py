"""Envelopes and payloads: DSSE 1.0.2 around the messages of metadata.proto, and everything that must hold of one file
whatever the others say."""
import hashlib
import unicodedata
import warnings

from google.protobuf.message import DecodeError

from harness.messages import envelope_pb2, metadata_pb2

from . import keys as signing

CAPS = {"root": 512_000, "timestamp": 16_384, "snapshot": 2_000_000, "targets": 5_000_000}
KINDS = {"root": metadata_pb2.Root, "timestamp": metadata_pb2.Timestamp, "snapshot": metadata_pb2.Snapshot,
         "targets": metadata_pb2.Targets}
MOST_ROOTS, MOST_ROLES, MOST_TARGETS = 256, 32, 50_000
MOST_VERSION = 2**53 - 1
YEAR_9999 = 253_402_300_799


class Refused(Exception):
    """Why, under the name of the attack that it would have been."""

    def __init__(self, attack, role, why=""):
        super().__init__(f"{role}: {attack} {why}")
        self.attack, self.role = attack, role


def payload_type(role):
    return f"application/vnd.lanyard.{role}.v1+protobuf"


def pre_authentication(kind, payload):
    """PAE of DSSE 1.0.2."""
    kind = kind.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def check_unknown_fields(role, message):
    for field in message.UnknownFields():
        if field.field_number < 1000:
            raise Refused("unknown field", role, str(field.field_number))
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for inner in value if field.label == field.LABEL_REPEATED else [value]:
                check_unknown_fields(role, inner)


def check_one_way(role, message, data):
    """Written as deterministic serialisation writes it: no field twice, none out of order, no number padded."""
    if message.SerializeToString(deterministic=True) != data:
        raise Refused("malformed", role, "another encoding of the same")


def parsed(kind, role, data):
    message = kind()
    try:
        # python3-protobuf only warns of an end-group tag that ends the message before its bytes do.
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            message.ParseFromString(data)
    except (DecodeError, ValueError) as error:
        raise Refused("malformed", role, str(error)) from None
    if warned:
        raise Refused("malformed", role, str(warned[0].message))
    check_unknown_fields(role, message)
    return message


def envelope_of(role, data):
    if len(data) > CAPS[role]:
        raise Refused("endless data", role)
    envelope = parsed(envelope_pb2.Envelope, role, data)
    if envelope.payload_type != payload_type(role):
        raise Refused("wrong role", role, envelope.payload_type)
    ids = [signature.keyid for signature in envelope.signatures]
    if len(set(ids)) != len(ids):
        raise Refused("malformed", role, "two signatures under one key id")
    return envelope


def key_table(role, keys):
    """Keys by id. One of an unknown algorithm may be there, and counts for nothing."""
    for key in keys:
        if key.alg in signing.KNOWN and not signing.is_sound(key):
            raise Refused("malformed", role, "an unsound key")
    return {signing.key_id(key): key for key in keys}


def check_role(role, table, entry):
    """Of a root or a delegation: it may ask for more keys than there are, and is never met then."""
    if any(keyid not in table for keyid in entry.keyids):
        raise Refused("malformed", role, "a key that is not listed")
    if entry.threshold < 1:
        raise Refused("malformed", role, "no signature asked for")


def check_signatures(role, envelope, table, entry):
    """A threshold of different public keys has signed the very bytes."""
    message = pre_authentication(envelope.payload_type, envelope.payload)
    good = set()
    for signature in envelope.signatures:
        key = table.get(signature.keyid)
        if key is not None and key.alg in signing.KNOWN and signature.keyid in entry.keyids:
            if signing.verifies(key, message, signature.sig):
                good.add(key.public_key)
    if len(good) < entry.threshold:
        raise Refused("arbitrary software", role, f"{len(good)} of {entry.threshold}")


def check_head(role, payload):
    if payload.spec != 1:
        raise Refused("unsupported spec", role)
    if len(payload.repo_id) != 16 or not 1 <= payload.version <= MOST_VERSION:
        raise Refused("malformed", role, "repository or version")
    if not 1 <= payload.expires <= YEAR_9999:
        raise Refused("malformed", role, "expiry")


def check_reference(role, meta, cap):
    if not (is_role_name(meta.name) and 1 <= meta.version <= MOST_VERSION and 1 <= meta.length <= cap
            and len(meta.sha256) == 32):
        raise Refused("malformed", role, f"its reference to {meta.name!r}")


def payload_of(role, data):
    """For a payload whose signatures have been checked."""
    payload = parsed(KINDS[role], role, data)
    check_one_way(role, payload, data)
    check_head(role, payload)
    if role == "timestamp":
        if payload.snapshot.name != "snapshot":
            raise Refused("malformed", role, "it names no snapshot")
        check_reference(role, payload.snapshot, CAPS["snapshot"])
    elif role == "snapshot":
        for meta in payload.metas:
            check_reference(role, meta, CAPS["targets"])
        names = [meta.name for meta in payload.metas]
        if len(set(names)) != len(names) or "targets" not in names:
            raise Refused("malformed", role, "its names")
    elif role == "targets":
        if len(payload.targets) > MOST_TARGETS:
            raise Refused("endless data", role)
        paths = [target.path for target in payload.targets]
        if len(set(paths)) != len(paths) or "" in paths:
            raise Refused("malformed", role, "its paths")
        check_delegations(payload)
    return payload


def check_delegations(targets):
    names = [delegation.name for delegation in targets.delegations]
    if len(set(names)) != len(names):
        raise Refused("malformed", "targets", "two delegations to one role")
    for delegation in targets.delegations:
        if not is_role_name(delegation.name) or delegation.name in CAPS or delegation.threshold < 1:
            raise Refused("malformed", "targets", f"its delegation to {delegation.name!r}")
        if len(delegation.paths) > 1000 or any(not 1 <= len(path.encode()) <= 512 for path in delegation.paths):
            raise Refused("malformed", "targets", f"the paths delegated to {delegation.name!r}")


def is_role_name(name):
    return 1 <= len(name.encode()) <= 64 and not any(unicodedata.category(c) in ("Cc", "Cf") for c in name)


def check_named(role, meta, data):
    if len(data) > meta.length:
        raise Refused("endless data", role)
    if len(data) != meta.length or hashlib.sha256(data).digest() != meta.sha256:
        raise Refused("mix-and-match", role)
