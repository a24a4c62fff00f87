"""Repositories that were tampered with, most of them with every key at hand: what is validly signed may be wrong as
well. A mutation changes a forge.Repository in place; `office.old` is the same repository one publish before."""
import contextlib
import warnings

from google.protobuf import message

from harness import messages

from . import forge, payloads


def change(role, edit, again=True, version=1, **options):
    """A mutation: the payload of a role is edited and signed; those above it follow, or do not."""
    def mutate(repository, _office):
        payload = repository.payload(role)
        payload.version += version
        edit(payload)
        repository.put(role, payload, **options)
        if role in ("targets", "snapshot") and again:
            follow(repository, role)

    return mutate


def follow(repository, role):
    if role == "targets":
        repository.refer()
        return
    stamp = repository.payload("timestamp")
    stamp.version += 1
    held = repository.payload("snapshot")
    stamp.snapshot.CopyFrom(forge.reference("snapshot", held.version, repository.newest("snapshot")))
    repository.put("timestamp", stamp)


def assign(**values):
    def edit(payload):
        for name, value in values.items():
            setattr(payload, name, value)

    return edit


def raw(role, extra, edit=lambda data: data):
    """Bytes behind the fields of a signed payload, or in it."""
    def mutate(repository, _office):
        payload = repository.payload(role)
        payload.version += 1
        repository.put(role, edit(payload.SerializeToString()) + extra, version=payload.version)
        if role in ("targets", "snapshot"):
            follow(repository, role)

    return mutate


def resealed(role, edit):
    """The envelope itself is edited: nothing is signed again, nothing above it follows."""
    def mutate(repository, _office):
        envelope = messages.envelope_pb2.Envelope.FromString(repository.newest(role))
        edit(envelope)
        repository.files[repository.name(role)] = envelope.SerializeToString()

    return mutate


def new_root(edit, signers=None):
    def mutate(repository, _office):
        before = list(repository.keys["root"])
        root = repository.payload("root")
        root.version += 1
        name = root.version
        edit(root, repository)
        repository.put("root", root, keys=signers(before, repository) if signers else before, version=name)

    return mutate


def rotate(role, both=False):
    """The next root gives the role another key; the role's file is signed with it, or not."""
    def mutate(repository, _office):
        before = list(repository.keys["root"])
        root, key = repository.payload("root"), forge.new_key()
        root.version += 1
        root.keys.append(forge.public(key))
        getattr(root, role).keyids[:] = [forge.key_id(key)]
        repository.put("root", root, keys=before + ([key] if role == "root" else []))
        repository.keys[role] = [key]
        if both:
            repository.refer()

    return mutate


def swapped(role):
    """A new file, named by those above it, has the content of an old one."""
    def mutate(repository, office):
        change(role, assign())(repository, office)
        repository.files[repository.name(role)] = office.old.newest(role)

    return mutate


def twice(targets):
    targets.targets.append(targets.targets[0])


MUTATIONS = {
    "nothing": lambda repository, _: None,
    "a timestamp one up": change("timestamp", assign()),
    "a timestamp of the same version and other content": change("timestamp", assign(expires=2_000_000_000), version=0),
    "a timestamp that goes back": change("timestamp", assign(version=1)),
    "a timestamp of version 0": change("timestamp", assign(version=0)),
    "a timestamp of version 2^53": change("timestamp", assign(version=2**53)),
    "a timestamp of version 2^53 - 1": change("timestamp", assign(version=2**53 - 1)),
    "a timestamp that expired in 1970": change("timestamp", assign(expires=1)),
    "a timestamp that expires before 1970": change("timestamp", assign(expires=-1)),
    "a timestamp that expires after 9999": change("timestamp", assign(expires=253_402_300_800)),
    "a timestamp of another specification": change("timestamp", assign(spec=2)),
    "a timestamp of another repository": change("timestamp", assign(repo_id=bytes(16))),
    "a timestamp with a short repository id": change("timestamp", assign(repo_id=bytes(15))),
    "a timestamp that names no snapshot": change("timestamp", lambda p: p.ClearField("snapshot")),
    "a timestamp that names targets": change("timestamp", lambda p: assign(name="targets")(p.snapshot)),
    "a timestamp with a short digest": change("timestamp", lambda p: assign(sha256=b"x")(p.snapshot)),
    "a timestamp with a snapshot of no length": change("timestamp", lambda p: assign(length=0)(p.snapshot)),
    "a timestamp with an older snapshot": change("timestamp", lambda p: assign(version=1)(p.snapshot)),
    "a timestamp with a snapshot that is not there": change("timestamp", lambda p: assign(version=77)(p.snapshot)),
    "a timestamp with a critical field": raw("timestamp", b"\xba\x06\x01x"),
    "a timestamp with a field to be ignored": raw("timestamp", b"\xc2\x3e\x01x"),  # 1000
    "a timestamp with a critical field in its reference": raw("timestamp", b"\x2a\x04\xba\x06\x01x"),
    "a timestamp that is cut": raw("timestamp", b"\x2a\x7f"),
    "a timestamp with a group that never ends": raw("timestamp", b"\x3b"),
    "a timestamp signed by the snapshot key": lambda r, _: r.put("timestamp", r.payload("timestamp"),
                                                                 r.keys["snapshot"]),
    "a timestamp signed twice by one key": lambda r, _: r.put("timestamp", r.payload("timestamp"),
                                                              r.keys["timestamp"] * 2),
    "a timestamp with a foreign signature as well": change("timestamp", assign(), keys=None),
    "a timestamp under the type of a snapshot": change("timestamp", assign(), kind=payloads.payload_type("snapshot")),
    "a timestamp above its cap": change("timestamp", lambda p: assign(name="s" * 20_000)(p.snapshot)),
    "no timestamp": lambda r, _: r.files.pop("timestamp.pb"),
    "an empty timestamp": lambda r, _: r.files.update({"timestamp.pb": b""}),
    "an envelope without signatures": resealed("timestamp", lambda e: e.ClearField("signatures")),
    "an envelope with an empty signature": resealed("timestamp", lambda e: assign(sig=b"")(e.signatures[0])),
    "an envelope with a short signature": resealed("timestamp", lambda e: assign(sig=bytes(63))(e.signatures[0])),
    "an envelope with a zero signature": resealed("timestamp", lambda e: assign(sig=bytes(64))(e.signatures[0])),
    "an envelope with a misleading key id": resealed("timestamp", lambda e: assign(keyid=bytes(32))(e.signatures[0])),
    "an envelope with two signatures under one id": resealed(
        "timestamp", lambda e: e.signatures.add(keyid=e.signatures[0].keyid, sig=b"x")),
    "an envelope of an unknown type": resealed("timestamp", lambda e: assign(payload_type="text/plain")(e)),
    "a snapshot one up": change("snapshot", assign()),
    "a snapshot that has expired": change("snapshot", assign(expires=1_000_000_000)),
    "a snapshot of another repository": change("snapshot", assign(repo_id=b"y" * 16)),
    "a snapshot that names no targets": change("snapshot", lambda p: p.ClearField("metas")),
    "a snapshot that names targets twice": change("snapshot", lambda p: p.metas.append(p.metas[0])),
    "a snapshot with older targets": change("snapshot", lambda p: assign(version=1)(p.metas[0])),
    "a snapshot with targets of no version": change("snapshot", lambda p: assign(version=0)(p.metas[0])),
    "a snapshot with targets that are not there": change("snapshot", lambda p: assign(version=88)(p.metas[0])),
    "a snapshot with targets of other bytes": change("snapshot", lambda p: assign(sha256=bytes(32))(p.metas[0])),
    "a newer snapshot that the timestamp does not know": change("snapshot", assign(), again=False),
    "a snapshot in place of another": swapped("snapshot"),
    "a snapshot with a critical field": raw("snapshot", b"\xba\x06\x01x"),
    "targets one up": change("targets", assign()),
    "targets that have expired": change("targets", assign(expires=1_000_000_000)),
    "targets of another repository": change("targets", assign(repo_id=b"z" * 16)),
    "targets with one path twice": change("targets", twice),
    "targets with a path of nothing": change("targets", lambda p: assign(path="")(p.targets[0])),
    "targets without any": change("targets", lambda p: p.ClearField("targets")),
    "targets of an unknown package type": change("targets", lambda p: assign(type=77)(p.targets[0])),
    "targets with a critical field in a target": raw("targets", b"\x2a\x07\x0a\x01p\xba\x06\x01x"),
    "targets signed by the snapshot key": lambda r, _: (
        r.keys.update(targets=r.keys["snapshot"]), change("targets", assign())(r, _)),
    "newer targets that the snapshot does not know": change("targets", assign(), again=False),
    "targets in place of others": swapped("targets"),
    "a root one up": new_root(lambda root, _: None),
    "a root that skips a version": new_root(lambda root, _: assign(version=root.version + 1)(root)),
    "a root that goes back": new_root(lambda root, _: assign(version=root.version - 1)(root)),
    "a root that has expired": new_root(lambda root, _: assign(expires=1_000_000_000)(root)),
    "a root of another repository": new_root(lambda root, _: assign(repo_id=bytes(16))(root)),
    "a root signed by another key": new_root(lambda root, _: None, lambda *_: [forge.new_key()]),
    "a root signed by nobody": new_root(lambda root, _: None, lambda *_: []),
    "a root with a threshold of 0": new_root(lambda root, _: assign(threshold=0)(root.snapshot)),
    "a root with a threshold of 2 of 1": new_root(lambda root, _: assign(threshold=2)(root.snapshot)),
    "a root with a key that it does not list": new_root(lambda root, _: root.targets.keyids.append(bytes(32))),
    "a root that lists a short key": new_root(lambda root, _: root.keys.add(alg=1, public_key=b"short")),
    "a root that lists a key of small order": new_root(lambda root, _: root.keys.add(alg=1, public_key=bytes(32))),
    "a root that lists a key that is no canonical point": new_root(
        lambda root, _: root.keys.add(alg=1, public_key=b"\xee" + b"\xff" * 30 + b"\x7f")),
    "a root that lists an ECDSA key off the curve": new_root(
        lambda root, _: root.keys.add(alg=2, public_key=bytes(64))),
    "a root that lists a short RSA key": new_root(
        lambda root, _: root.keys.add(alg=3, public_key=b"\xff" * 255)),
    "a root with fields out of order": lambda r, _: r.put(
        "root", b"\x18\x02" + r.payload("root").SerializeToString(), version=2),
    "a timestamp with a padded number": raw("timestamp", b"", lambda data: data.replace(b"\x08\x01", b"\x08\x81\x00", 1)),
    "a timestamp with a field twice": raw("timestamp", b"\x08\x01"),
    "a root that lists a key of an unknown algorithm": new_root(
        lambda root, _: root.keys.add(alg=9, public_key=b"whatever")),
    "a root that names one key twice for a role": new_root(
        lambda root, _: root.targets.keyids.append(root.targets.keyids[0])),
    "a root without a role": new_root(lambda root, _: root.ClearField("snapshot")),
    "a root with a new root key signed by both": rotate("root"),
    "a root with a new timestamp key": rotate("timestamp"),
    "a root with a new timestamp key that is used": rotate("timestamp", both=True),
    "a root with a new snapshot key that is used": rotate("snapshot", both=True),
    "a root with a new targets key that is not used": rotate("targets", both=True),
}


def at_random(repository, office, dice):
    """One or two changes of which nobody has thought, signed again or not."""
    role = dice.choice(forge.ROLES)
    name, data = repository.name(role), bytearray(repository.newest(role))
    if role == "root":
        name = "2.root.pb"
    how = dice.randrange(6)
    if how == 0:
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    elif how == 1:
        del data[dice.randrange(len(data)):]
    elif how == 2:
        data += dice.randbytes(dice.randrange(1, 9))
    if how < 3:
        repository.files[name] = bytes(data)
        return
    payload = repository.payload(role)
    payload.version += 1
    inner = bytearray(payload.SerializeToString())
    if how == 3:
        inner[dice.randrange(len(inner))] ^= 1 << dice.randrange(8)
    elif how == 4:
        inner += dice.randbytes(dice.randrange(1, 9))
    else:
        keys = dice.choice(forge.ROLES)
        repository.put(role, payload, repository.keys[keys])
        return
    repository.put(role, bytes(inner), version=payload.version)
    if role in ("targets", "snapshot") and dice.randrange(4):
        # What cannot be read cannot be named: those above it stay as they are.
        with contextlib.suppress(message.DecodeError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            follow(repository, role)
