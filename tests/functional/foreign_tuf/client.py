"""The client workflow of TUF 1.0.34, section 5. No input or output: the caller fetches, and keeps what Client.trusted
holds."""
import re

from .payloads import (CAPS, MOST_ROLES, MOST_ROOTS, Refused, check_named, check_role, check_signatures, envelope_of,
                       key_table, payload_of)
from . import keys as signing


def matches(pattern, path):
    """'*' and '?' do not cross '/'; everything else stands for itself."""
    parts, wanted = path.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(
        re.fullmatch("".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in w), p, re.DOTALL)
        for w, p in zip(wanted, parts))


class Client:
    """One refresh: Client(trusted, now).refresh(fetch). `trusted` maps role names to stored envelopes and is kept up to
    date; `fetch(name, most)` gives bytes, or None when there is no such file."""

    def __init__(self, trusted, now):
        self.trusted, self.now = trusted, now
        self.root = self.keys = self.timestamp = self.snapshot = self.targets = None
        self.old_timestamp = self.old_snapshot = None

    def refresh(self, fetch):
        self._load_root()
        self._next_roots(fetch)
        self._refresh_timestamp(fetch)
        self._refresh_snapshot(fetch)
        self._refresh_targets(fetch)
        return self.targets

    def _fetched(self, fetch, role, name, most):
        data = fetch(name, most)
        if data is None:
            raise Refused("missing", role, name)
        if len(data) > most:
            raise Refused("endless data", role)
        return data

    def _open(self, role, data):
        envelope = envelope_of(role, data)
        check_signatures(role, envelope, self.keys, getattr(self.root, role))
        payload = payload_of(role, envelope.payload)
        if payload.repo_id != self.root.repo_id:
            raise Refused("wrong repository", role)
        return payload

    def _check_expiry(self, role, payload):
        if self.now >= payload.expires:
            raise Refused("freeze", role)

    def _load_root(self):
        envelope = envelope_of("root", self.trusted["root"])
        self.root = payload_of("root", envelope.payload)
        self.keys = self._keys_of(self.root)
        check_signatures("root", envelope, self.keys, self.root.root)

    @staticmethod
    def _keys_of(root):
        table = key_table("root", root.keys)
        for entry in (root.root, root.timestamp, root.snapshot, root.targets):
            check_role("root", table, entry)
        return table

    def _next_roots(self, fetch):
        for _ in range(MOST_ROOTS):
            data = fetch(f"{self.root.version + 1}.root.pb", CAPS["root"])
            if data is None:
                break
            envelope = envelope_of("root", data)
            check_signatures("root", envelope, self.keys, self.root.root)
            new = payload_of("root", envelope.payload)
            if new.repo_id != self.root.repo_id:
                raise Refused("wrong repository", "root")
            if new.version < self.root.version:
                raise Refused("rollback", "root")
            if new.version != self.root.version + 1:
                raise Refused("version gap", "root")
            keys = self._keys_of(new)
            check_signatures("root", envelope, keys, new.root)
            if any(self._signers(new, keys, role) != self._signers(self.root, self.keys, role)
                   for role in ("timestamp", "snapshot")):
                self.trusted.pop("timestamp", None)
                self.trusted.pop("snapshot", None)
            self.root, self.keys, self.trusted["root"] = new, keys, data
        self._check_expiry("root", self.root)

    @staticmethod
    def _signers(root, keys, role):
        return {keyid for keyid in getattr(root, role).keyids if keys[keyid].alg in signing.KNOWN}

    def _refresh_timestamp(self, fetch):
        try:
            self.old_timestamp = self._open("timestamp", self.trusted["timestamp"])
        except (KeyError, Refused):
            pass
        data = self._fetched(fetch, "timestamp", "timestamp.pb", CAPS["timestamp"])
        new, old = self._open("timestamp", data), self.old_timestamp
        if old and new.version < old.version:
            raise Refused("rollback", "timestamp")
        if old and new.version == old.version:
            self._check_expiry("timestamp", old)
            self.timestamp = old
            return
        if old and new.snapshot.version < old.snapshot.version:
            raise Refused("rollback", "timestamp", "its snapshot")
        self._check_expiry("timestamp", new)
        self.timestamp, self.trusted["timestamp"] = new, data

    def _take_snapshot(self, data):
        meta = self.timestamp.snapshot
        check_named("snapshot", meta, data)
        new = self._open("snapshot", data)
        if new.version != meta.version:
            raise Refused("mix-and-match", "snapshot")
        if self.old_snapshot:
            now = {meta.name: meta.version for meta in new.metas}
            if new.version < self.old_snapshot.version or any(
                    now.get(meta.name, 0) < meta.version for meta in self.old_snapshot.metas):
                raise Refused("rollback", "snapshot")
        self._check_expiry("snapshot", new)
        self.snapshot = new

    def _refresh_snapshot(self, fetch):
        try:
            self.old_snapshot = self._open("snapshot", self.trusted["snapshot"])
            return self._take_snapshot(self.trusted["snapshot"])
        except (KeyError, Refused):
            pass
        meta = self.timestamp.snapshot
        data = self._fetched(fetch, "snapshot", f"{meta.version}.snapshot.pb", meta.length)
        self._take_snapshot(data)
        self.trusted["snapshot"] = data

    def _take_targets(self, data):
        meta = next(meta for meta in self.snapshot.metas if meta.name == "targets")
        check_named("targets", meta, data)
        new = self._open("targets", data)
        if new.version != meta.version:
            raise Refused("mix-and-match", "targets")
        self._check_expiry("targets", new)
        self.targets = new

    def _refresh_targets(self, fetch):
        try:
            return self._take_targets(self.trusted["targets"])
        except (KeyError, Refused):
            pass
        meta = next(meta for meta in self.snapshot.metas if meta.name == "targets")
        data = self._fetched(fetch, "targets", f"{meta.version}.targets.pb", meta.length)
        self._take_targets(data)
        self.trusted["targets"] = data

    def find(self, path, fetch):
        """The target, or None: a search in pre-order through the delegations that fit the path (5.6.7)."""
        holder, waiting, visited = self.targets, [], set()
        while True:
            for target in holder.targets:
                if target.path == path:
                    return target
            fitting = []
            for delegation in holder.delegations:
                if any(matches(pattern, path) for pattern in delegation.paths):
                    fitting.append((delegation, holder))
                    if delegation.terminating:
                        waiting = []
                        break
            waiting += reversed(fitting)
            while waiting and waiting[-1][0].name in visited:
                waiting.pop()
            if not waiting or len(visited) == MOST_ROLES:
                return None
            delegation, delegator = waiting.pop()
            visited.add(delegation.name)
            meta = next((meta for meta in self.snapshot.metas if meta.name == delegation.name), None)
            if meta is None:
                return None
            holder = self._delegated(delegation, delegator, meta, fetch)

    def _delegated(self, delegation, delegator, meta, fetch):
        role = delegation.name
        data = self._fetched(fetch, role, f"{meta.version}.{role}.pb", meta.length)
        check_named(role, meta, data)
        table = key_table(role, delegator.keys)
        check_role(role, table, delegation)
        envelope = envelope_of("targets", data)
        check_signatures(role, envelope, table, delegation)
        new = payload_of("targets", envelope.payload)
        if new.repo_id != self.root.repo_id:
            raise Refused("wrong repository", role)
        if new.version != meta.version:
            raise Refused("mix-and-match", role)
        self._check_expiry(role, new)
        return new
