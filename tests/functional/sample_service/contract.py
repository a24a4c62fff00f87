"""The application's contract with lanyard-node (docs/reference/contract.md) in plain Python: no library but Python's own.

A second implementation of the messages beside proto/contract/lanyard_app.h, written from contract.proto."""
import array
import os
import socket
import struct

ANSWER, PREPARE_STOP, CALLED_OFF, RESUME = 1, 2, 3, 4
REGISTRATION, BUSY, IDLE, READY, NOT_YET, VETO, RESUMED = 1, 2, 3, 4, 5, 6, 7


class Refused(Exception):
    pass


def varint(number):
    out = b""
    while number > 0x7f:
        out += bytes([number & 0x7f | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number, value):
    """Numbers and texts; what is empty is left out."""
    if not value:
        return b""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def fields(data):
    """The fields of a message: {number: value or bytes}."""
    found, at = {}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        tag = number()
        if tag & 7 == 0:
            found[tag >> 3] = number()
        else:
            size = number()
            found[tag >> 3] = data[at:at + size]
            at += size
    return found


class Node:
    """One connection; not for several threads at once."""

    def __init__(self, directory):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(os.path.join(directory, "app.sock"))
        self.waiting = []
        self.number = 0  # of the PrepareStop that is answered

    def _receive(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise ConnectionError("the node has gone")
            data += part
        return data

    def _message(self):
        (kind, body), = fields(self._receive(*struct.unpack(">I", self._receive(4)))).items()
        return kind, fields(body)

    def say(self, kind, body=b"", descriptors=()):
        message = varint(kind << 3 | 2) + varint(len(body)) + body
        frame = struct.pack(">I", len(message)) + message
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        sent = self.socket.sendmsg([frame], rights)
        self.socket.sendall(frame[sent:])
        while True:
            kind, content = self._message()
            if kind == ANSWER:
                break
            self.waiting.append((kind, content))
        if content.get(1):
            raise Refused(content[1].decode())

    def register(self, version, attends=True):
        self.say(REGISTRATION, field(1, version) + field(3, int(attends)))

    def busy(self, reason, seconds=0):
        self.say(BUSY, field(1, reason) + field(2, seconds))

    def idle(self):
        self.say(IDLE)

    def ready(self, token=b"", version=1, sockets=()):
        """`sockets`: (name, socket) of those that the node is to hold."""
        body = field(1, field(1, version) + field(2, token)) if token else b""
        body += b"".join(field(2, name) for name, _ in sockets) + field(3, self.number)
        self.say(READY, body, [s.fileno() for _, s in sockets])

    def not_yet(self, seconds, reason=""):
        self.say(NOT_YET, field(1, seconds) + field(2, reason) + field(3, self.number))

    def veto(self, reason, seconds=0):
        self.say(VETO, field(1, reason) + field(2, seconds) + field(3, self.number))

    def resumed(self, accepted, reason=""):
        self.say(RESUMED, field(1, int(accepted)) + field(2, reason))

    def next(self):
        """What the node wants next: (PREPARE_STOP, ...), (CALLED_OFF, ...) or (RESUME, ...)."""
        kind, content = self.waiting.pop(0) if self.waiting else self._message()
        if kind == PREPARE_STOP:
            self.number = content.get(4, 0)
        return kind, content


def inherited_sockets():
    """Those of sd_listen_fds(3)."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    return [socket.socket(fileno=3 + i) for i in range(int(os.environ.get("LISTEN_FDS", "0")))]
