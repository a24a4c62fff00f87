"""A small service that is extended by a plugin: a shared library that says its version. At its start and at SIGHUP the
one in `current` is loaded, beside what is loaded already.

usage: host.py PORT DIRECTORY-OF-THE-PLUGIN"""
import ctypes
import http.server
import os
import pathlib
import signal
import sys

HOME = pathlib.Path(sys.argv[2])
answer = "no plugin"


def load(*_):
    global answer
    library = (HOME / "current" / "lib" / "libgreeting.so").resolve()
    try:
        greeting = ctypes.CDLL(str(library)).greeting
        greeting.restype = ctypes.c_char_p
        answer = greeting().decode()
    except (OSError, AttributeError) as error:
        answer = f"broken: {error}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{answer} by {os.getpid()}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = True
    request_queue_size = 128


if __name__ == "__main__":
    signal.signal(signal.SIGHUP, load)
    load()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
