"""Ways to bring one file from one host to all the others. Each is a function (lan, file, work) -> seconds from the
moment the release is known until the last node has all of it, checked."""
import os
import pathlib
import subprocess
import sys
import time

from harness import enclosure, mirror, programs

import torrent

PATIENCE = 900

NGINX = """\
daemon off; master_process off; pid {work}/nginx.pid; error_log {work}/nginx.log;
{user}events {{ worker_connections 512; }}
http {{ access_log off; sendfile on; tcp_nopush on; client_body_temp_path {work}/t1; proxy_temp_path {work}/t2;
  fastcgi_temp_path {work}/t3; uwsgi_temp_path {work}/t4; scgi_temp_path {work}/t5;
  server {{ listen 80; location / {{ root {root}; }} }} }}
"""


def started(host, *command):
    def enter():
        enclosure.die_with_parent()
        host.enter()

    return subprocess.Popen([str(part) for part in command], preexec_fn=enter, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def all_ended(processes):
    end = time.monotonic() + PATIENCE
    codes = [process.wait(timeout=max(1.0, end - time.monotonic())) for process in processes]
    assert not any(codes), f"exit codes {codes}"


def listens(host, port):
    return subprocess.run(["curl", "-s", "-o", os.devnull, f"http://{host.address}:{port}/"],
                          preexec_fn=host.enter, check=False).returncode != 7


def serve_http(host, folder, work):
    configuration = work / "nginx.conf"
    user = "user root;\n" if os.geteuid() == 0 else ""
    configuration.write_text(NGINX.format(work=work, root=folder, user=user))
    server = started(host, mirror.NGINX, "-c", configuration, "-p", work)
    programs.wait_until(lambda: listens(host, 80), "nginx answers")
    return server


def http(lan, file, work):
    """nginx, and a curl on every node."""
    seeder, *nodes = lan.hosts
    server = serve_http(seeder, file.parent, work)
    began = time.monotonic()
    all_ended([started(node, "curl", "-sf", "-o", work / f"{node.name}.copy", f"http://{seeder.address}/{file.name}")
               for node in nodes])
    took = time.monotonic() - began
    server.kill()
    server.wait()
    return took


def goodput(lan, file, work):
    """Bytes a second that one TCP connection carries over such a wire."""
    seeder, node, *_ = lan.hosts
    server = serve_http(seeder, file.parent, work)
    began = time.monotonic()
    all_ended([started(node, "curl", "-sf", "-r", "0-9999999", "-o", os.devnull,
                       f"http://{seeder.address}/{file.name}")])
    took = time.monotonic() - began
    server.kill()
    server.wait()
    return min(10_000_000, file.stat().st_size) / took


def aria2(lan, file, work):
    """aria2 everywhere, with a tracker that tells everybody of everybody at once."""
    seeder, *nodes = lan.hosts
    tracker = started(seeder, sys.executable, "-I", pathlib.Path(torrent.__file__), seeder.address, 6969)
    programs.wait_until(lambda: listens(seeder, 6969), "the tracker answers")
    made = torrent.write(work / "file.torrent", file, f"http://{seeder.address}:6969/announce")
    common = ["aria2c", "--quiet", "--enable-dht=false", "--bt-enable-lpd=false", "--enable-peer-exchange=false",
              "--file-allocation=none", "--listen-port=6881", "--bt-max-peers=0", "--bt-tracker-interval=2"]
    seed = started(seeder, *common, "--check-integrity=true", "--seed-ratio=0.0", "--dir", file.parent, made)
    programs.wait_until(lambda: listens(seeder, 6881), "aria2 seeds")
    finished = "--on-bt-download-complete"
    places = [work / f"{node.name}.done" for node in nodes]
    hook = work / "done.sh"
    hook.write_text("#!/bin/sh\ntouch \"$(dirname \"$3\")/../$(basename \"$(dirname \"$3\")\").done\"\n")
    hook.chmod(0o755)
    began = time.monotonic()
    peers = [started(node, *common, "--seed-ratio=0.0", finished, hook, "--dir", work / node.name, made)
             for node in nodes]
    programs.wait_until(lambda: all(place.exists() for place in places), "every aria2 is done", PATIENCE)
    took = time.monotonic() - began
    for process in [*peers, seed, tracker]:
        process.kill()
        process.wait()
    return took


def lanyard(lan, file, work):
    """Nodes that wait in a long poll; from the moment the seeder notices the release to the last node's checked
    package."""
    host, *others = lan.hosts
    seeder = programs.Seeder(work / "seeder", host.address, network=host)
    seeder.init("--expect-nodes", len(others))
    seeder.serve()
    nodes = [programs.Node(work / other.name, other.name, other.address, network=other) for other in others]
    try:
        for node in nodes:
            answer = node.join(seeder, "--app", "blob")
            assert answer.code == 0, answer
            node.run()
        seeder.publish(file, "blob", "1.0.0", "--type", "file", "--probation-seconds", 1, seconds=PATIENCE)
        known = seeder.daemon.wait("publish.noticed").at
        return max(node.daemon.wait("phase.stage", seconds=PATIENCE).at for node in nodes) - known
    finally:
        for program in [*nodes, seeder]:
            if program.daemon:
                program.daemon.stop()


ALL = {"lanyard": lanyard, "http": http, "aria2": aria2}
