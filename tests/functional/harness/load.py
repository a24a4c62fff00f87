"""A constant load on a service: every request is counted, and every way to be turned away."""
import collections
import socket
import threading
import time


class Load:
    """`clients` threads that ask again and again, each by a connection of its own, until stop()."""

    def __init__(self, port, clients=4, address="127.0.0.1", path="/", patience=60):
        self.place, self.path, self.patience = (address, port), path, patience
        self.answers = collections.Counter()  # by what was answered
        self.refused = self.lost = 0  # connections that nobody took; requests that were not answered
        self.slowest = 0.0  # seconds
        self._lock, self._over = threading.Lock(), threading.Event()
        self._threads = [threading.Thread(target=self._ask_on, daemon=True) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _ask(self):
        began = time.monotonic()
        try:
            connection = socket.create_connection(self.place, timeout=self.patience)
        except OSError:
            return "refused", None, began
        with connection:
            try:
                connection.sendall(f"GET {self.path} HTTP/1.0\r\n\r\n".encode())
                answer = b""
                while part := connection.recv(65536):
                    answer += part
            except OSError:
                return "lost", None, began
        head, _, body = answer.partition(b"\r\n\r\n")
        if b" 200 " not in head.partition(b"\r\n")[0]:
            return "lost", None, began
        return "answered", body.decode().strip(), began

    def _ask_on(self):
        while not self._over.is_set():
            kind, body, began = self._ask()
            with self._lock:
                self.slowest = max(self.slowest, time.monotonic() - began)
                if kind == "answered":
                    self.answers[body] += 1
                elif kind == "lost":
                    self.lost += 1
                else:
                    self.refused += 1
            # A port that turns everybody away would be asked a million times a second; and the machine is not ours.
            time.sleep(0.002)

    def answered(self, body):
        with self._lock:
            return self.answers[body]

    def stop(self):
        self._over.set()
        for thread in self._threads:
            thread.join(self.patience + 10)
            assert not thread.is_alive(), "a request neither ends nor fails"
        return self
