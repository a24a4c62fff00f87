"""Payloads to publish: the sample application as a directory or as an archive, and blobs."""
import hashlib
import http.client
import os
import pathlib
import random
import shutil
import stat
import subprocess
import tarfile
import urllib.error
import urllib.request
import zipfile

APP = pathlib.Path(__file__).resolve().parents[1] / "sample_app" / "app.py"
SERVICE = APP.parents[1] / "sample_service"

# Commands run in the directory of the release, <home>/versions/<version>: what must outlive a release is two up.
START = "setsid /usr/bin/python3 -I app.py {port} >../../app.log 2>&1 & echo $! >../../app.pid"
STOP = ("test -e ../../app.pid || exit 0; pid=$(cat ../../app.pid); kill -TERM $pid 2>/dev/null; "
        "while kill -0 $pid 2>/dev/null; do sleep 0.02; done; rm -f ../../app.pid")


def service(port, probation=1, stop=STOP, start_seconds=20):
    """publish's options for the sample application as a service on a port."""
    return ["--start", START.format(port=port), "--stop", stop, "--port", port, "--health",
            f"http:http://127.0.0.1:{port}/", "--start-seconds", start_seconds, "--stop-seconds", 20,
            "--probation-seconds", probation]


# `app exec` makes LISTEN_PID the program's own.
START_SERVICE = ('setsid "$LANYARD_NODE" app exec -- /usr/bin/python3 -I service.py {port} >>../../app.log 2>&1 & '
                 "echo $! >../../app.pid")


def speaking_service(port, *more, probation=1, stop=STOP, start_seconds=20, stop_seconds=20, drain_seconds=30):
    """publish's options for the sample service, which speaks the contract, as a service on a port."""
    return ["--start", START_SERVICE.format(port=port), "--stop", stop, "--port", port, "--health",
            f"http:http://127.0.0.1:{port}/", "--start-seconds", start_seconds, "--stop-seconds", stop_seconds,
            "--drain-seconds", drain_seconds, "--probation-seconds", probation, *more]


def speaking_release(place, version, *marks):
    """A release of the sample service; `marks` are the names of files in it that tell it how to behave."""
    shutil.copytree(SERVICE, place, ignore=shutil.ignore_patterns("__pycache__"))
    (place / "VERSION").write_text(version + "\n")
    for mark in marks:
        (place / mark).write_text("\n")
    return place


def directory(place, version, data_bytes=300_000, unhealthy=False):
    """The release as a directory: the program, data that does not compress, an executable, a nested file, a link."""
    place = pathlib.Path(place)
    (place / "share" / "deep").mkdir(parents=True)
    shutil.copy(APP, place / "app.py")
    (place / "VERSION").write_text(version + "\n")
    (place / "data.bin").write_bytes(random.Random(version).randbytes(data_bytes))
    (place / "share" / "deep" / "empty").write_bytes(b"")
    (place / "share" / "tool.sh").write_text("#!/bin/sh\necho tool of " + version + "\n")
    (place / "share" / "tool.sh").chmod(0o755)
    (place / "tool").symlink_to("share/tool.sh")
    if unhealthy:
        (place / "unhealthy").write_text("answers 500\n")
    return place


def archive(source, form):
    """A tar.gz, tar.zst, tar.xz or zip of a directory, beside it."""
    result = source.with_name(f"{source.name}.{form}")
    if form == "zip":
        _zip(source, result)
    elif form == "tar.zst":
        subprocess.run(["tar", "--zstd", "-cf", result, "-C", source, "."], check=True)
    else:
        with tarfile.open(result, "w:" + form.partition(".")[2]) as out:
            out.add(source, ".")
    return result


def _zip(source, result):
    with zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as out:
        for path in sorted(source.rglob("*")):
            name = str(path.relative_to(source))
            if path.is_symlink():
                link = zipfile.ZipInfo(name)
                link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
                out.writestr(link, os.readlink(path))
            else:
                out.write(path, name)


def blob(path, size, seed=0):
    """A file that does not compress."""
    path = pathlib.Path(path)
    source = random.Random(seed)
    with open(path, "wb") as out:
        while size > 0:
            out.write(source.randbytes(min(size, 1 << 20)))
            size -= 1 << 20
    return path


def tree_hash(place):
    """One hash over names, kinds, contents, link targets and the right to execute."""
    place = pathlib.Path(place).resolve()
    whole = hashlib.sha256()
    for path in sorted(place.rglob("*")):
        whole.update(f"\n{path.relative_to(place)}\0".encode())
        if path.is_symlink():
            whole.update(b"link " + os.readlink(path).encode())
        elif path.is_dir():
            whole.update(b"directory")
        else:
            kind = b"program " if path.stat().st_mode & stat.S_IXUSR else b"file "
            whole.update(kind + hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def answer(port, address="127.0.0.1", path="/", timeout=5):
    """What the service on a port says now; None: nothing answers."""
    try:
        with urllib.request.urlopen(f"http://{address}:{port}{path}", timeout=timeout) as response:
            return response.read().decode().strip()
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read().decode().strip()}"
    except (OSError, http.client.HTTPException):  # also one that ends in the middle of its answer
        return None
