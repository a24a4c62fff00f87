"""Two versions of an application for the demo."""
import dataclasses
import pathlib
import shutil

from harness import payloads

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / "build" / "demo" / "prometheus"

RUN = ("mkdir -p ../../data; setsid usr/bin/prometheus --config.file=etc/prometheus/prometheus.yml "
       "--web.console.templates=etc/prometheus/consoles --web.console.libraries=etc/prometheus/console_libraries "
       "--web.listen-address={address}:9090 --storage.tsdb.path=../../data >>../../app.log 2>&1 & "
       "echo $! >../../app.pid")
READY = ("/usr/bin/python3 -I -c 'import urllib.request; "
         "urllib.request.urlopen(\"http://\" + open(\"../../address\").read() + \":9090/-/ready\", timeout=2)'")

CONFIGURATION = """\
# Release {version} of the demo.
global:
  scrape_interval: {interval}
  external_labels:
    release: "{version}"
scrape_configs:
  - job_name: itself
    static_configs:
      - targets: ["localhost:9090"]
"""


@dataclasses.dataclass
class Release:
    version: str
    directory: pathlib.Path
    what: str


@dataclasses.dataclass
class Releases:
    app: str
    port: int
    policy: list
    first: Release
    second: Release


def build(work, small, networks):
    return _sample(work) if small and networks else _prometheus(work, networks)


def _sample(work):
    made = [payloads.directory(work / version, version, data_bytes=5_000_000) for version in ("1.0.0", "2.0.0")]
    return Releases("sample", 18080, payloads.service(18080, probation=1), Release("1.0.0", made[0], "the sample service"),
                    Release("2.0.0", made[1], "the sample service with other data"))


def _prometheus(work, networks):
    common = ["--stop", payloads.STOP, "--probation-seconds", 2, "--start-seconds", 60, "--stop-seconds", 30]
    if networks:
        policy = [*common, "--start", RUN.format(address="0.0.0.0"), "--port", 9090, "--health",
                  "http:http://127.0.0.1:9090/-/ready"]
    else:
        # Eight nodes on one host: each application has its own address, which the signed commands cannot name.
        policy = [*common, "--start", RUN.format(address="$(cat ../../address)"), "--health", f"cmd:{READY}"]
    return Releases("prometheus", 9090, policy, _release(work, "1.0.0", "15s"), _release(work, "2.0.0", "5s"))


def _release(work, version, interval):
    """Debian's files as they are; of our own are the configuration, a console page and VERSION."""
    place = work / version
    shutil.copytree(PROMETHEUS, place, symlinks=True, ignore=lambda *_: {".complete"})
    etc = place / "etc" / "prometheus"
    (etc / "prometheus.yml").write_text(CONFIGURATION.format(version=version, interval=interval))
    (etc / "consoles").mkdir(exist_ok=True)
    (etc / "consoles" / "release.html").write_text(f"<p>Release {version}</p>\n")
    (place / "VERSION").write_text(version + "\n")
    if version != "1.0.0":
        (place / "usr" / "share" / "doc" / "prometheus" / "CHANGES").write_text(f"{version}: scrapes every {interval}.\n")
    what = ("the same Debian programs, with another configuration, console page and VERSION; packed it differs in "
            "those files only, and every node fetches the whole package again") if version != "1.0.0" else ""
    return Release(version, place, what)
