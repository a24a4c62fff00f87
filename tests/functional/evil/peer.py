"""A BitTorrent peer (BEP 3) that claims to have everything and sends rubbish."""
import contextlib
import socket
import struct
import threading

PROTOCOL = b"\x13BitTorrent protocol"


class RubbishPeer:
    def __init__(self, address, pieces):
        self.pieces, self.blocks = pieces, 0
        self._listener = socket.create_server((address, 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with contextlib.suppress(OSError, struct.error), connection, connection.makefile("rb") as stream:
            handshake = stream.read(68)
            if handshake[:20] != PROTOCOL:
                return
            connection.sendall(PROTOCOL + bytes(8) + handshake[28:48] + b"-XX0001-rubbishpeer1")
            field = bytearray((self.pieces + 7) // 8)
            for piece in range(self.pieces):
                field[piece // 8] |= 0x80 >> piece % 8
            self._send(connection, 5, bytes(field))
            self._send(connection, 1)
            while True:
                (length,) = struct.unpack(">I", stream.read(4))
                message = stream.read(length)
                if message[:1] == b"\x06":
                    index, begin, size = struct.unpack(">III", message[1:])
                    self._send(connection, 7, struct.pack(">II", index, begin) + b"\xee" * size)
                    self.blocks += 1

    @staticmethod
    def _send(connection, kind, body=b""):
        connection.sendall(struct.pack(">IB", len(body) + 1, kind) + body)
