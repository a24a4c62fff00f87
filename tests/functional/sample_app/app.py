"""A small service: answers with its version on a port, and stops at SIGTERM. Its release says how healthy it is.

usage: app.py PORT"""
import http.server
import pathlib
import signal
import sys

HERE = pathlib.Path(__file__).resolve().parent
VERSION = (HERE / "VERSION").read_text().strip()
HEALTHY = not (HERE / "unhealthy").exists()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = (VERSION + "\n").encode()
        self.send_response(200 if HEALTHY else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = True
    request_queue_size = 128  # whoever looks at the port often finds it open, however busy the machine is


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    Server(("0.0.0.0", int(sys.argv[1])), Handler).serve_forever()
