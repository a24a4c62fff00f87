"""A small server as applications should be: it says when it is busy, finishes what is under way before it stops, leaves a
note for the release that takes its place, and gets its listening socket from the node.

usage: service.py PORT

  GET /           its version
  GET /work/NAME  a long request: answers when the file done-NAME stands in the application's directory
  GET /job        the job: "STEPS done, begun by VERSION"; /job/begin, /job/step
  GET /plugin     what its plugin says (plugin/greeting.py, loaded when it starts)
  GET /busy/TEXT, /idle

Files in the application's directory ($LANYARD_DIR) tell it what to answer when it is asked to stop: `veto`, `not-yet`;
files in its release how it takes over: `refuses-token`, `mute`, `unhealthy`, and `hands-sockets`: it gives the node its
listening socket itself."""
import http.server
import importlib.util
import json
import os
import pathlib
import signal
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True  # a release stays as it was signed

import contract  # noqa: E402

HOME = pathlib.Path(os.environ["LANYARD_DIR"])
VERSION = (HERE / "VERSION").read_text().strip()


def load_plugin():
    spec = importlib.util.spec_from_file_location("greeting", HERE / "plugin" / "greeting.py")
    plugin = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plugin)
    return plugin


class Work:
    """What is under way: requests, and one job."""

    def __init__(self):
        self.changed = threading.Condition()
        self.requests = 0
        self.job = None

    def begin(self):
        with self.changed:
            self.requests += 1

    def end(self):
        with self.changed:
            self.requests -= 1
            self.changed.notify_all()

    def finished(self, seconds):
        """Waits until no request is under way."""
        with self.changed:
            return self.changed.wait_for(lambda: self.requests == 0, seconds)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        words = self.path.strip("/").split("/")
        text = getattr(self, "on_" + (words[0] or "root"))(*words[1:])
        body = (text + "\n").encode()
        self.send_response(500 if (HERE / "unhealthy").exists() else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def on_root(self):
        return VERSION

    def on_work(self, name):
        while not (HOME / f"done-{name}").exists():
            time.sleep(0.01)
        return f"{name} done by {VERSION}"

    def on_job(self, order=""):
        work = self.server.work
        if order == "begin":
            work.job = {"done": 0, "begun_by": VERSION}
        if order == "step":
            work.job["done"] += 1
        return "{done} done, begun by {begun_by}".format(**work.job) if work.job else "none"

    def on_plugin(self):
        return self.server.plugin.greet()

    def on_busy(self, reason):
        self.server.speaker.own_word(lambda node: node.busy(reason))
        return "busy"

    def on_idle(self):
        self.server.speaker.own_word(lambda node: node.idle())
        return "idle"

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = True
    request_queue_size = 1024
    daemon_threads = True

    def __init__(self, port):
        inherited = contract.inherited_sockets()
        super().__init__(("0.0.0.0", port), Handler, bind_and_activate=not inherited)
        if inherited:
            self.socket.close()
            self.socket = inherited[0]
            self.server_name, self.server_port = "localhost", port
        self.work, self.plugin, self.speaker = Work(), load_plugin(), None

    def process_request(self, request, address):
        self.work.begin()  # here, not in its thread: what was accepted counts from now on
        super().process_request(request, address)

    def process_request_thread(self, request, address):
        try:
            super().process_request_thread(request, address)
        finally:
            self.work.end()

    def accept(self):
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def finish(self, seconds):
        """Takes on nothing more, and waits for what is under way. The socket stays open: who comes now waits."""
        self.shutdown()
        return self.work.finished(seconds)


class Speaker:
    """Speaks with the node: in a thread of its own, by a connection that is made again when the node was restarted."""

    def __init__(self, server):
        self.server = server
        self.words = None  # a second connection, for what the application says by itself
        self.paused = False

    def own_word(self, say):
        if self.words is None:
            self.words = contract.Node(HOME)
            self.words.register(VERSION, attends=False)
        say(self.words)

    def run(self):
        while True:
            try:
                node = contract.Node(HOME)
                node.register(VERSION)
                while True:
                    self.obey(node, *node.next())
            except (OSError, contract.Refused):
                self.go_on()  # the node has gone: whatever it asked is off
                time.sleep(0.2)

    def obey(self, node, kind, content):
        if kind == contract.PREPARE_STOP:
            self.prepare(node, content.get(1, 0))
        elif kind == contract.CALLED_OFF:
            self.go_on()
        elif kind == contract.RESUME:
            self.resume(node, content)

    def go_on(self):
        if self.paused:
            self.paused = False
            self.server.accept()

    def prepare(self, node, seconds):
        if (HOME / "veto").exists():
            return node.veto((HOME / "veto").read_text().strip(), 5)
        if (HOME / "not-yet").exists():
            node.not_yet(int((HOME / "not-yet").read_text()), "the month is being closed")
        self.paused = True
        if not self.server.finish(seconds):
            return None
        token = json.dumps(self.server.work.job).encode() if self.server.work.job else b""
        sockets = [("http", self.server.socket)] if (HERE / "hands-sockets").exists() else []
        try:
            node.ready(token, sockets=sockets)
        except contract.Refused:
            pass  # it was called off meanwhile: that is what comes next
        return None

    def resume(self, node, content):
        if (HERE / "mute").exists():
            return
        if (HERE / "refuses-token").exists():
            node.resumed(False, "it cannot read jobs of " + content[2].decode())
            return
        self.server.work.job = json.loads(contract.fields(content[1])[2])
        node.resumed(True)


def main():
    # Waited for, and not handled: a handler that wakes the main thread can interrupt it with the lock in its hands.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    server = Server(int(sys.argv[1]))
    server.speaker = Speaker(server)
    server.accept()
    threading.Thread(target=server.speaker.run, daemon=True).start()
    signal.sigwait({signal.SIGTERM})
    server.finish(60)


if __name__ == "__main__":
    main()
