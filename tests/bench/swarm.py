"""Makespan: how long a package needs to reach every node of a LAN. scripts/bench describes the options."""
import argparse
import json
import pathlib
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "functional"), str(pathlib.Path(__file__).resolve().parent)]

from harness import enclosure, office, payloads  # noqa: E402

import contestants  # noqa: E402
import machine  # noqa: E402

WORK = ROOT / "build" / "bench" / "run"
TRIES = 3  # for each run that is wanted, when the machine is busy


def say(text):
    print(text, file=sys.stderr, flush=True)


def one_run(name, lan, file):
    work = WORK / name
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    wire = lan.wires[lan.hosts[0].name]
    before, busy = wire.to_near(), machine.Busy()
    try:
        seconds = contestants.ALL[name](lan, file, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return {"seconds": seconds, "seeder_copies": (wire.to_near() - before) / file.stat().st_size, **busy.stop()}


def measure(name, lan, file, runs):
    """Runs until enough were calm; when the machine never is, says so and keeps what there is."""
    calm, dropped = [], []
    for _ in range(runs * TRIES):
        if len(calm) == runs:
            break
        run = one_run(name, lan, file)
        (calm if machine.calm(run) else dropped).append(run)
        say(f"  {name}: {run['seconds']:.2f} s, seeder sent {run['seeder_copies']:.2f} copies, CPU {run['cpu']:.0%}, "
            f"steal {run['steal']:.1%}{'' if machine.calm(run) else ': too busy, dropped'}")
    counted = calm or dropped
    return {"median_seconds": machine.median([run["seconds"] for run in counted]),
            "worst_seconds": max(run["seconds"] for run in counted),
            "seeder_copies": machine.median([run["seeder_copies"] for run in counted]),
            "cpu": machine.median([run["cpu"] for run in counted]),
            "steal": machine.median([run["steal"] for run in counted]),
            "valid": len(calm) == runs, "runs": calm, "dropped": dropped}


def table(result):
    print(f"{result['nodes']} nodes and a seeder, {result['mbit']} Mbit/s each way (one TCP stream carries "
          f"{result['goodput'] * 8 / 1e6:.2f}), {result['bytes'] / 1e6:.0f} MB")
    print(f"no faster than {result['bound_line']:.2f} s at the line's rate, {result['bound_goodput']:.2f} s at what TCP "
          "carries\n")
    print(f"{'':<10} {'median':>9} {'worst':>9} {'/ line':>7} {'/ TCP':>7} {'copies':>7} {'CPU':>5} {'steal':>6}")
    for name, row in result["contestants"].items():
        print(f"{name:<10} {row['median_seconds']:7.2f} s {row['worst_seconds']:7.2f} s "
              f"{row['median_seconds'] / result['bound_line']:7.3f} "
              f"{row['median_seconds'] / result['bound_goodput']:7.3f} {row['seeder_copies']:7.2f} {row['cpu']:5.0%} "
              f"{row['steal']:6.1%}" + ("" if row["valid"] else "   not valid: the machine was too busy"))


def main(given):
    if not given.networks:
        print(f"the bench needs private networks: {given.reason}", file=sys.stderr)
        return 1
    shutil.rmtree(WORK, ignore_errors=True)
    (WORK / "origin").mkdir(parents=True)
    file = payloads.blob(WORK / "origin" / "package.bin", parsed.megabytes * 1_000_000)
    lan = office.Lan("lan", 0, f"{parsed.mbit}mbit")
    for index in range(parsed.nodes + 1):
        lan.host("seeder" if index == 0 else f"pc{index}")
    try:
        return bench(lan, file)
    finally:
        shutil.rmtree(WORK, ignore_errors=True)


def bench(lan, file):
    size, rate = file.stat().st_size, parsed.mbit * 1e6 / 8
    goodput = contestants.goodput(lan, file, WORK)
    result = {"schema": 1, "nodes": parsed.nodes, "mbit": parsed.mbit, "bytes": size, "goodput": goodput,
              "bound_line": machine.bound(size, parsed.nodes, rate),
              "bound_goodput": machine.bound(size, parsed.nodes, goodput), "contestants": {}}
    for name in parsed.only or contestants.ALL:
        say(f"{name}: {' '.join(contestants.ALL[name].__doc__.split())}")
        result["contestants"][name] = measure(name, lan, file, parsed.runs)
    if parsed.json:
        print(json.dumps(result, indent=2))
    else:
        table(result)
    return 0 if all(row["valid"] for row in result["contestants"].values()) else 1


parser = argparse.ArgumentParser(prog="scripts/bench swarm")
parser.add_argument("--runs", type=int, default=3)
parser.add_argument("--nodes", type=int, default=8)
parser.add_argument("--megabytes", type=int, default=50)
parser.add_argument("--mbit", type=int, default=20)
parser.add_argument("--only", action="append", choices=list(contestants.ALL))
parser.add_argument("--json", action="store_true")
parsed = parser.parse_args()
sys.exit(enclosure.run_enclosed(main))
