"""State directories from outside: have they changed? And the form of a refusal."""
import base64
import contextlib
import hashlib
import io
import os
import stat
import subprocess
import tarfile

# Locks and sockets come and go; SQLite makes and removes the other two whenever it opens a file.
PASSING = (".lock", "lock", ".sock", "-wal", "-shm")


def fingerprint(state):
    """Changes when anything that lasts in there does: names, modes, contents."""
    whole = {}
    for path in sorted(state.rglob("*")):
        if path.name.endswith(PASSING):
            continue
        mode = stat.S_IMODE(os.lstat(path).st_mode)
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        whole[str(path.relative_to(state))] = (oct(mode), content)
    return whole


def refused(answer, *codes):
    """An exit code as promised, nothing on stdout, and one sentence for people on stderr."""
    assert answer.code in codes, answer
    assert answer.out == "", answer
    lines = [line for line in answer.err.strip().splitlines() if not line.startswith("Run with --help")]
    assert len(lines) == 1, answer.err
    assert 20 <= len(lines[0]) <= 400, answer.err
    assert "terminate" not in lines[0] and "exception" not in lines[0] and "what()" not in lines[0]


@contextlib.contextmanager
def read_only(place):
    """The directory as on a disk that is mounted read-only. Needs an enclosure."""
    subprocess.run(["mount", "--bind", place, place], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", place], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def tar_with_entry(path, name):
    with tarfile.open(path, "w:gz") as out:
        for entry in ("app.py", name):
            info = tarfile.TarInfo(entry)
            info.size = 5
            out.addfile(info, io.BytesIO(b"hello"))
    return path


def token_secret(token):
    """The secret in the text of a token: base32 of version, pin, secret, checksum."""
    return _bytes_of(token)[33:49]


def token_with_another_secret(token):
    body = _bytes_of(token)[:33] + os.urandom(16)
    return base64.b32encode(body + hashlib.sha256(body).digest()[:4]).decode().rstrip("=").lower()


def _bytes_of(token):
    return base64.b32decode(token.upper() + "=" * (-len(token) % 8))
