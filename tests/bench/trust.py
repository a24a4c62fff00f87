"""What it costs a node to verify a manifest. scripts/bench describes the options."""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import machine  # noqa: E402

HOWS = {"cold": "a node that knows the first root only",
        "warm": "nothing is new since the last refresh",
        "whole": "cold, everything verified again before each step"}


def one_run(how, folder):
    busy = machine.Busy()
    printed = subprocess.run([parsed.program, how, folder], check=True, capture_output=True, text=True).stdout
    milliseconds, megabytes = map(float, printed.split())
    return {"milliseconds": milliseconds, "megabytes": megabytes, **busy.stop()}


def measure(how, folder):
    runs = [one_run(how, folder) for _ in range(parsed.runs)]
    return {"median_milliseconds": machine.median([run["milliseconds"] for run in runs]),
            "worst_milliseconds": max(run["milliseconds"] for run in runs),
            "median_megabytes": machine.median([run["megabytes"] for run in runs]),
            "steal": machine.median([run["steal"] for run in runs]), "runs": runs}


def make(name, targets, rotations):
    folder = work / name
    subprocess.run([parsed.program, "make", folder, str(targets), str(rotations)], check=True)
    return folder


def line(name, row, words):
    print(f"{name:<10} {row['median_milliseconds']:8.1f} ms {row['worst_milliseconds']:8.1f} ms "
          f"{row['median_megabytes']:7.1f} MB   {words}")


def table(result):
    print(f"{result['targets']} targets ({result['targets_bytes'] / 1e6:.1f} MB), root and targets signed by 3 of 5, "
          f"{parsed.runs} runs\n")
    print(f"{'':<10} {'median':>11} {'worst':>11} {'memory':>10}")
    for how, words in HOWS.items():
        line(how, result[how], words)
    line("rotation", result["rotation"], f"cold, across {result['rotations']} versions of the root")
    print(f"\nwhole / cold: {result['ratio']:.2f} (cold also keeps what it accepts in a database, durably)")


parser = argparse.ArgumentParser(prog="scripts/bench trust")
parser.add_argument("--runs", type=int, default=9)
parser.add_argument("--targets", type=int, default=10_000)
parser.add_argument("--rotations", type=int, default=256)
parser.add_argument("--json", action="store_true")
parser.add_argument("--program", required=True, help=argparse.SUPPRESS)
parsed = parser.parse_args()

work = pathlib.Path(parsed.program).parent / "trust-run"
shutil.rmtree(work, ignore_errors=True)
work.mkdir()
try:
    many = make("targets", parsed.targets, 4)
    rotated = make("rotations", 1, parsed.rotations)
    answer = {"schema": 1, "targets": parsed.targets, "rotations": parsed.rotations,
              "targets_bytes": max(file.stat().st_size for file in many.glob("*.targets.pb")),
              **{how: measure(how, many) for how in HOWS}, "rotation": measure("cold", rotated)}
    answer["ratio"] = answer["whole"]["median_milliseconds"] / answer["cold"]["median_milliseconds"]
    if parsed.json:
        print(json.dumps(answer, indent=2))
    else:
        table(answer)
finally:
    shutil.rmtree(work, ignore_errors=True)
