"""Stands at the address that nodes know as their seeder's: lets them through to it, or answers in its place."""
import contextlib
import dataclasses
import socket
import threading

from harness.messages import check_pb2


@dataclasses.dataclass
class Request:
    method: str
    path: str
    body: bytes


def response(body=b"", status="200 OK", *fields):
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: application/x-protobuf", *fields]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body


MOST_HEARD = 1 << 20  # bytes of a connection that are kept

NOT_FOUND = response(b"There is no such file.", "404 Not Found")


class Attack:
    """What is answered in the seeder's place. An override of a path is bytes or a function of the request that gives
    them, all at once or, by yielding, in parts; None leaves the connection without an answer."""

    def __init__(self, files=None, packages=None, releases=(), peers=(), overrides=None):
        self.files, self.packages = files or {}, packages or {}
        self.releases, self.peers, self.overrides = list(releases), list(peers), overrides or {}
        self.revision = 1_000_000

    def answer(self, request):
        if request.path in self.overrides:
            wanted = self.overrides[request.path]
            return wanted(request) if callable(wanted) else wanted
        if request.path.startswith("/metadata/"):
            data = self.files.get(request.path.removeprefix("/metadata/"))
            return NOT_FOUND if data is None else response(data)
        if request.path.startswith("/packages/"):
            data = self.packages.get(request.path.removeprefix("/packages/"))
            return NOT_FOUND if data is None else response(data)
        if request.path == "/v1/check":
            return response(self.check())
        if request.path == "/v1/announce":
            answer = check_pb2.AnnounceResponse(interval_seconds=1)
            for address, port, seeder in self.peers:
                answer.peers.add(address=address, port=port, seeder=seeder)
            return response(answer.SerializeToString())
        return response()

    def check(self):
        """A revision that nobody has seen: the node looks at the manifest each time it asks."""
        self.revision += 1
        answer = check_pb2.CheckResponse(revision=self.revision)
        for app, version, path in self.releases:
            answer.releases.add(app=app, version=version, target_path=path)
        return answer.SerializeToString()


class Gate:
    """`stolen`: the ssl.SSLContext of who stands there with the fleet CA's key. While it lets through, it passes on the
    bytes as they come, so that the seeder sees the node's own certificate."""

    def __init__(self, address, port, seeder_port, stolen):
        self.address, self.seeder_port, self.stolen = address, seeder_port, stolen
        self.attack, self.context, self.leads_to = None, None, seeder_port
        self.requests, self.sent = [], 0
        self.heard = []  # of each connection that was passed on, what came from the node
        self._news = threading.Condition()
        self._open = set()
        self._listener = socket.create_server((address, port), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def let_through(self):
        self._switch(None, None)

    def besiege(self, attack, context=None):
        """From now on `attack` answers, with the certificate of the stolen seeder or `context`; connections of before
        are cut."""
        self._switch(attack, context or self.stolen)

    def divert(self, port):
        """Whoever listens at that port of the address has the seeder's place, and its bytes are passed on as they are;
        connections of before are cut."""
        self._switch(None, None, port)

    def _switch(self, attack, context, port=None):
        with self._news:
            self.attack, self.context, self.requests, self.sent = attack, context, [], 0
            self.leads_to, self.heard = port or self.seeder_port, []
            cut, self._open = self._open, set()
        for connection in cut:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)  # not ssl's, which would end its reader's TLS

    def wait(self, path, times=1, seconds=60):
        """Until that path has been asked for so often since the siege began."""
        with self._news:
            done = self._news.wait_for(lambda: sum(r.path == path for r in self.requests) >= times, seconds)
            assert done, f"{path} was not asked for {times} times: {[r.path for r in self.requests][-20:]}"

    def stop(self):
        self._switch(None, None)
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # ends the accept that waits
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with self._news:
            attack, context, port = self.attack, self.context, self.leads_to
            heard = bytearray()
            if attack is None:
                self.heard.append(heard)
            self._open.add(connection)
        try:
            with contextlib.suppress(OSError, ValueError):
                if attack is None:
                    self._relay(connection, port, heard)
                else:
                    self._speak_tls(connection, attack, context)
        finally:
            with self._news:
                self._open.discard(connection)
            connection.close()

    def _relay(self, connection, port, heard):
        with socket.create_connection((self.address, port)) as seeder:
            back = threading.Thread(target=self._pump, args=(seeder, connection, bytearray()), daemon=True)
            back.start()
            self._pump(connection, seeder, heard)
            back.join()

    @staticmethod
    def _pump(source, sink, heard):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                heard += data[:max(0, MOST_HEARD - len(heard))]
                sink.sendall(data)
        for side in (source, sink):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def _speak_tls(self, connection, attack, context):
        with context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as agreed:
            with self._news:
                if connection not in self._open:
                    return  # cut meanwhile
                self._open.add(agreed)
            try:
                agreed.do_handshake()
                self._attack(agreed, attack)
            finally:
                with self._news:
                    self._open.discard(agreed)

    def _attack(self, connection, attack):
        with connection.makefile("rb") as stream:
            while request := self._read(stream):
                with self._news:
                    if attack is not self.attack:
                        return
                    self.requests.append(request)
                    self._news.notify_all()
                answer = attack.answer(request)
                if answer is None:
                    continue
                for part in [answer] if isinstance(answer, bytes) else answer:
                    connection.sendall(part)
                    self.sent += len(part)
                if not isinstance(answer, bytes):
                    return

    @staticmethod
    def _read(stream):
        first = stream.readline(8192).split()
        if len(first) < 2:
            return None
        length = 0
        while (line := stream.readline(8192)) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return Request(first[0].decode(), first[1].decode(), stream.read(length))
