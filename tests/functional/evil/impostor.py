"""A server at a port where TLS is expected that answers whatever it hears plainly."""
import contextlib
import socket
import threading


class PlainTalker:
    def __init__(self, address, answer):
        self.answer = answer
        self._listener = socket.create_server((address, 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)  # ends the accept that waits
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        """Goes on listening: the answer may make the other side say more."""
        with contextlib.suppress(OSError), connection:
            connection.settimeout(30)
            while connection.recv(65536):
                connection.sendall(self.answer)
