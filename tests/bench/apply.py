"""What an update costs those who use the application meanwhile. scripts/bench describes the options."""
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "functional"), str(pathlib.Path(__file__).resolve().parent)]

from harness import enclosure, load, payloads, programs  # noqa: E402

import machine  # noqa: E402

# Not below the tree: the path of a socket may have 107 characters.
WORK = pathlib.Path(f"/tmp/lanyard-bench-{os.getpid()}")
PORT = 18080
HOWS = {"kept": ("--keep-ports", "the node keeps the port open"), "closed": (None, "the port is closed and verified")}


class Watch:
    """Looks at the port each millisecond, and says for how long it turned people away."""

    def __init__(self, port):
        self._port, self._over, self.closed_ms = port, threading.Event(), 0.0
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self._thread.start()

    def _refused(self):
        with socket.socket() as visitor:
            visitor.settimeout(60)
            return visitor.connect_ex(("127.0.0.1", self._port)) != 0

    def _look_on(self):
        closed_at = None
        while not self._over.is_set():
            now = time.monotonic()
            if self._refused():
                closed_at = closed_at or now
            elif closed_at:
                self.closed_ms += (now - closed_at) * 1000
                closed_at = None
            time.sleep(0.001)

    def stop(self):
        self._over.set()
        self._thread.join()
        return self.closed_ms


def wrk(port):
    return subprocess.Popen(["wrk", "-t1", "-c4", "-d600s", f"http://127.0.0.1:{port}/"], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def wrk_says(process):
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[0]
    requests = re.search(r"(\d+) requests in", said)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return {"requests": int(requests.group(1)) if requests else 0,
            "errors": sum(map(int, errors.groups())) if errors else 0,
            "wrong": int(wrong.group(1)) if wrong else 0}


def own_start_ms(place):
    """From the start of the application, by itself, to the first connection that it takes."""
    began = time.monotonic()
    with subprocess.Popen(["/usr/bin/python3", "-I", "service.py", str(PORT)], cwd=place,
                          env={**os.environ, "LANYARD_DIR": str(place)}) as service:
        while True:
            with socket.socket() as visitor:
                if visitor.connect_ex(("127.0.0.1", PORT)) == 0:
                    break
            time.sleep(0.001)
        took = (time.monotonic() - began) * 1000
        service.terminate()
    return took


def office(how):
    """A seeder, and a node that runs version 1; next() publishes one more and waits until it is installed."""
    place = WORK / how
    seeder = programs.Seeder(place / "seeder", "127.0.0.1", 18430, swarm_port=18431)
    place.mkdir()
    seeder.init()
    seeder.serve()
    node = programs.Node(place / "node", "node", "127.0.0.1", 18432)
    assert node.join(seeder, "--app", "demo").code == 0
    option = HOWS[how][0]
    policy = payloads.speaking_service(PORT, *([option] if option else []))
    number = 0

    def following():
        nonlocal number
        number += 1
        version = f"{number}.0.0"
        seeder.publish(payloads.speaking_release(place / version, version), "demo", version, *policy)
        node.daemon.wait("attempt.committed", version)
        return version

    node.run()
    following()
    return seeder, node, following


def one_run(following):
    busy = machine.Busy()
    watch, asked, hammered = Watch(PORT), load.Load(PORT), wrk(PORT) if shutil.which("wrk") else None
    programs.wait_until(lambda: sum(asked.answers.values()) > 20, "the load is on")
    version = following()
    programs.wait_until(lambda: asked.answered(version) > 20, "the new release has the load")
    seen = asked.stop()
    run = {"answered": sum(seen.answers.values()), "refused": seen.refused, "lost": seen.lost,
           "slowest_ms": seen.slowest * 1000, "closed_ms": watch.stop(), **busy.stop()}
    if hammered:
        run["wrk"] = wrk_says(hammered)
    return run


def measure(how):
    seeder, node, following = office(how)
    try:
        runs = [one_run(following) for _ in range(parsed.runs)]
    finally:
        node.daemon.stop()
        seeder.daemon.stop()
        subprocess.run(["/bin/sh", "-c", payloads.STOP], cwd=node.home("demo") / "current", check=False)
    return {"answered": sum(run["answered"] for run in runs), "refused": sum(run["refused"] for run in runs),
            "lost": sum(run["lost"] for run in runs),
            "median_closed_ms": machine.median([run["closed_ms"] for run in runs]),
            "worst_closed_ms": max(run["closed_ms"] for run in runs),
            "slowest_ms": machine.median([run["slowest_ms"] for run in runs]),
            "wrk_requests": sum(run["wrk"]["requests"] for run in runs if "wrk" in run),
            "wrk_errors": sum(run["wrk"]["errors"] + run["wrk"]["wrong"] for run in runs if "wrk" in run), "runs": runs}


def table(result):
    print(f"{result['count']} updates each of a small service under constant load; it needs "
          f"{result['own_start_ms']:.0f} ms to start by itself\n")
    print(f"{'':<8} {'answered':>9} {'refused':>8} {'lost':>6} {'slowest':>10} {'closed':>10} {'- own start':>12} "
          f"{'wrk':>8} {'errors':>7}")
    for how, row in result["hows"].items():
        beyond = max(0.0, row["median_closed_ms"] - result["own_start_ms"])
        print(f"{how:<8} {row['answered']:9} {row['refused']:8} {row['lost']:6} {row['slowest_ms']:7.0f} ms "
              f"{row['median_closed_ms']:7.0f} ms {beyond:9.0f} ms {row['wrk_requests']:8} {row['wrk_errors']:7}   "
              f"{HOWS[how][1]}")
    print("\nclosed: for how long the port turned people away, at the median; slowest: the longest that one had to wait")


def main(given):
    if not given.networks:
        print(f"the bench needs private networks: {given.reason}", file=sys.stderr)
        return 1
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    try:
        own = payloads.speaking_release(WORK / "own", "0.0.1")
        result = {"schema": 1, "count": parsed.runs, "own_start_ms": machine.median([own_start_ms(own) for _ in range(5)]),
                  "hows": {how: measure(how) for how in HOWS}}
    finally:
        shutil.rmtree(WORK, ignore_errors=True)
    if parsed.json:
        print(json.dumps(result, indent=2))
    else:
        table(result)
    return 0 if result["hows"]["kept"]["refused"] + result["hows"]["kept"]["lost"] == 0 else 1


parser = argparse.ArgumentParser(prog="scripts/bench apply")
parser.add_argument("--runs", type=int, default=9)
parser.add_argument("--json", action="store_true")
parsed = parser.parse_args()
sys.exit(enclosure.run_enclosed(main))
