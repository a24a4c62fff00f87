"""Speaks to a seeder as a program that shares no code with it: TLS by Python's ssl, signatures by the openssl command."""
import contextlib
import hashlib
import http.client
import pathlib
import socket
import ssl
import subprocess
import threading


def ca_digest(seeder):
    """What a node pins, as join takes it."""
    der = ssl.PEM_cert_to_DER_cert((seeder.state / "ca.crt").read_text())
    return "sha256:" + hashlib.sha256(der).hexdigest()


def post(seeder, path, body, certificate=None, key=None, method="POST", plain=False):
    """(status, body). `certificate`: a PEM file to show, with its key in it or in `key`."""
    if plain:
        connection = http.client.HTTPConnection(seeder.address, seeder.port, timeout=30)
    else:
        context = ssl.create_default_context(cafile=seeder.state / "ca.crt")
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        if certificate:
            context.load_cert_chain(certificate, key)
        connection = http.client.HTTPSConnection(seeder.address, seeder.port, timeout=30, context=context)
    try:
        connection.request(method, path, body, {"Content-Type": "application/x-protobuf"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def as_node(node, seeder, path, message):
    return post(seeder, path, message.SerializeToString(), node.state / "certificate.pem", node.state / "key.pem")


def signature(key, purpose, message):
    """ECDSA over SHA-256, DER."""
    done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=f"lanyard {purpose} v1\n".encode() + message,
                          capture_output=True, check=True)
    return done.stdout


class Forge:
    """Certificates that the seeder has not made."""

    def __init__(self, place):
        self.place = pathlib.Path(place)
        self.place.mkdir(parents=True, exist_ok=True)

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.place, check=True, capture_output=True)

    def self_signed(self, name):
        """A file with key and certificate of its own making."""
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                     f"{name}.key", "-out", f"{name}.crt", "-subj", f"/CN={name}", "-days", "9")
        return self._bundle(name)

    def server(self, seeder, address):
        """(chain, key) of a server at `address`, by the fleet CA's own key: what only who has stolen that could show."""
        return self.server_by(seeder.state / "ca.crt", seeder.state / "keys" / "ca.pem", address)

    def server_by(self, ca_certificate, ca_key, address):
        self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                     "server.key", "-out", "server.csr", "-subj", f"/CN={address}")
        (self.place / "server.cnf").write_text(f"subjectAltName = IP:{address}\nextendedKeyUsage = serverAuth\n")
        self.openssl("x509", "-req", "-in", "server.csr", "-CA", str(ca_certificate), "-CAkey", str(ca_key),
                     "-CAcreateserial", "-CAserial", "server.srl", "-extfile", "server.cnf", "-days", "9", "-out",
                     "server.crt")
        chain = self.place / "server.pem"
        chain.write_text((self.place / "server.crt").read_text() + pathlib.Path(ca_certificate).read_text())
        return chain, self.place / "server.key"

    def signed_by(self, ca_certificate, ca_key, name, start, end, role="operator", extensions=None):
        """One that a CA's own key has signed, valid from start to end (YYYYMMDDHHMMSSZ). `extensions`: other ones than
        those of a client of that role."""
        self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                     f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        extensions = extensions or f"extendedKeyUsage = clientAuth\nsubjectAltName = URI:lanyard:role:{role}\n"
        (self.place / "ca.cnf").write_text(
            "[ca]\ndefault_ca = here\n[here]\ndatabase = index.txt\nserial = serial\nnew_certs_dir = .\n"
            "default_md = sha256\npolicy = any\nx509_extensions = wanted\n[any]\ncommonName = supplied\n"
            f"[wanted]\n{extensions}")
        (self.place / "index.txt").write_text("")
        (self.place / "serial").write_text("1000\n")
        self.openssl("ca", "-batch", "-config", "ca.cnf", "-cert", str(ca_certificate), "-keyfile", str(ca_key), "-in",
                     f"{name}.csr", "-out", f"{name}.crt", "-startdate", start, "-enddate", end, "-notext")
        return self._bundle(name)

    def _bundle(self, name):
        bundle = self.place / f"{name}.pem"
        bundle.write_text((self.place / f"{name}.key").read_text() + (self.place / f"{name}.crt").read_text())
        return bundle


class Listener:
    """Accepts TCP connections, keeps the first bytes of each, and answers none."""

    def __init__(self, address, port):
        self.heard = []
        self._socket = socket.create_server((address, port))
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def _listen(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                self.heard.append(connection.recv(4096))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


class Detour:
    """Another way to a seeder, at its address: closed until opened, and then everything passes."""

    def __init__(self, seeder):
        self._seeder, self._opened, self._came = seeder, threading.Event(), threading.Event()
        self._listener = socket.create_server((seeder.address, 0))
        self.url = f"https://{seeder.address}:{self._listener.getsockname()[1]}"
        self._open = []

    def wait(self):
        """Until somebody stands there."""
        assert self._came.wait(60), "nobody came"

    def open(self):
        self._opened.set()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._came.set()
                self._opened.wait()
                far = socket.create_connection((self._seeder.address, self._seeder.port))
                self._open += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    @staticmethod
    def _pass_on(one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._opened.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._open:
            end.close()


class Egress:
    """What anybody in here sends to addresses beyond 127.0.0.0/8 and ::1, or asks a name server: `sent`, once left. All
    of it is led to the loopback interface, and seen there. Needs an enclosure."""

    LAST = "198.51.100.1"  # sent at the end: whatever was sent before has been seen, too
    ROUTES = (["ip", "route"], ["ip", "-6", "route"])

    def __init__(self):
        self.sent = []

    def __enter__(self):
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))  # ETH_P_ALL
        self._socket.bind(("lo", 0))
        for route in self.ROUTES:  # there may be no IPv6
            subprocess.run([*route, "add", "default", "dev", "lo"], check=route is self.ROUTES[0], capture_output=True)
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", (self.LAST, 9))
        self._thread.join(60)
        assert not self._thread.is_alive(), "what is sent is not seen"
        for route in self.ROUTES:
            subprocess.run([*route, "delete", "default", "dev", "lo"], capture_output=True)
        self._socket.close()

    def _watch(self):
        while True:
            data, (_, _, kind, *_) = self._socket.recvfrom(65536)
            target = self._target(data) if kind == socket.PACKET_OUTGOING else None  # it comes back in at once
            if target == self.LAST:
                return
            if target:
                self.sent.append(target)

    @staticmethod
    def _target(data):
        if data[0] >> 4 == 6:
            to = socket.inet_ntop(socket.AF_INET6, data[24:40])
            return None if to == "::1" or to.startswith(("ff02:", "fe80:")) else to
        to, header = socket.inet_ntoa(data[16:20]), (data[0] & 15) * 4
        is_question = data[9] in (6, 17) and data[header + 2:header + 4] == b"\0\x35"
        return to if is_question or not to.startswith("127.") else None
