"""A torrent file and a tracker, for the swarms of other people's programs.

As a program: torrent.py ADDRESS PORT is a tracker of one torrent, which tells everybody of everybody."""
import hashlib
import http.server
import socket
import struct
import sys
import urllib.parse


def encode(value):
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    if isinstance(value, list):
        return b"l" + b"".join(map(encode, value)) + b"e"
    return b"d" + b"".join(encode(key) + encode(value[key]) for key in sorted(value)) + b"e"


def write(torrent, file, tracker, piece_length=256 * 1024):
    """One file, private, BEP 3."""
    data = file.read_bytes()
    pieces = b"".join(hashlib.sha1(data[at:at + piece_length]).digest() for at in range(0, len(data), piece_length))
    torrent.write_bytes(encode({b"announce": tracker.encode(), b"info": {
        b"length": len(data), b"name": file.name.encode(), b"piece length": piece_length, b"pieces": pieces,
        b"private": 1}}))
    return torrent


class Tracker(http.server.BaseHTTPRequestHandler):
    peers = {}

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        me = (self.client_address[0], int(query["port"][0]))
        self.peers[me] = True
        others = b"".join(socket.inet_aton(host) + struct.pack("!H", port) for host, port in self.peers
                          if (host, port) != me)
        body = encode({b"interval": 5, b"min interval": 1, b"peers": others})
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Tracker).serve_forever()
