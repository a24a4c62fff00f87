"""A read-only plain HTTP mirror of public/ (nginx) helps a node, and can make it believe nothing."""
import shutil
import subprocess

import pytest

from harness import mirror, programs, wire

PORT = 8080


@pytest.fixture
def start_nginx(tmp_path, fresh_addresses):
    """start_nginx(server, ...): the URL and the nginx of that server block, on an address of its own."""
    running = []

    def start(server, **values):
        address = values.pop("address", None) or fresh_addresses()
        nginx = mirror.Nginx(tmp_path / f"nginx-{address}", server.format(address=address, port=PORT, **values))
        running.append(nginx)
        return f"http://{address}:{PORT}", nginx

    yield start
    for nginx in running:
        nginx.stop()


@pytest.fixture
def published(seeder, release):
    seeder.publish(release("1.0.0"), "demo", "1.0.0")
    return seeder


@pytest.fixture
def behind_a_front(published, start_nginx, make_node, tmp_path, fresh_addresses):
    """A node whose seeder answers checks, but gives no file; a mirror, and the copy of public/ that it serves."""
    node = make_node(published)
    address = fresh_addresses()
    chain, key = wire.Forge(tmp_path / "front").server(published, address)
    front, _ = start_nginx(mirror.FRONT, seeder=published.url, address=address, chain=chain, key=key, node=node.state)
    copy = shutil.copytree(published.state / "public", tmp_path / "copy")
    url, nginx = start_nginx(mirror.MIRROR, public=copy)
    node.configure(url=f'"{front.replace("http://", "https://")}"', mirrors=f'["{url}"]')
    return node, nginx, copy


def test_a_node_without_a_mirror_does_not_get_by_when_the_seeder_gives_no_metadata(behind_a_front):
    node, nginx, _ = behind_a_front
    node.configure(mirrors="[]")
    answer = node.call("check")
    assert answer.code == 6, answer
    assert nginx.asked() == []


def test_a_node_takes_metadata_from_the_mirror_when_the_seeder_gives_none(behind_a_front):
    node, nginx, _ = behind_a_front
    answer = node.call("check")
    assert answer.code == 0, answer
    assert "1.0.0" in answer.out
    asked = dict(nginx.asked())
    assert asked["/metadata/2.root.pb"] == 404
    assert asked["/metadata/timestamp.pb"] == 200
    assert [status for path, status in asked.items() if path.endswith(".targets.pb")] == [200]


def test_a_node_takes_torrents_from_the_mirror_when_the_seeder_gives_none(behind_a_front):
    node, nginx, _ = behind_a_front
    node.run()
    programs.wait_until(lambda: any(path.endswith(".torrent") and status == 200 for path, status in nginx.asked()),
                        "the mirror gives the torrent")
    assert node.daemon.told("trust.refused") == []


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_a_mirror_that_changes_one_bit_makes_the_node_believe_nothing(role, behind_a_front):
    node, _, copy = behind_a_front
    for file in (copy / "metadata").glob(f"*{role}.pb"):
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
    answer = node.call("check")
    assert answer.code == 7, answer
    assert node.installed("demo") is None


def test_a_mirror_that_sends_too_much_is_cut_off(behind_a_front):
    node, _, copy = behind_a_front
    (copy / "metadata" / "timestamp.pb").write_bytes(b"\0" * 5_000_000)
    assert node.call("check").code == 6
    assert node.installed("demo") is None


def test_a_lying_mirror_does_no_harm_while_the_seeder_answers(published, start_nginx, make_node, tmp_path):
    (tmp_path / "lies" / "metadata").mkdir(parents=True)
    (tmp_path / "lies" / "metadata" / "timestamp.pb").write_bytes(b"lies")
    url, nginx = start_nginx(mirror.MIRROR, public=tmp_path / "lies")
    node = make_node(published, mirrors=f'["{url}"]')
    assert node.call("check").code == 0
    assert nginx.asked() == []


def test_a_mirror_gives_packages_whole_and_takes_nothing(published, start_nginx, tmp_path):
    url, _ = start_nginx(mirror.MIRROR, public=published.state / "public")
    [package] = [file for file in (published.state / "public" / "packages").iterdir() if "." not in file.name]
    got = tmp_path / "got"
    subprocess.run(["curl", "-sf", "-o", got, f"{url}/packages/{package.name}"], check=True)
    assert got.read_bytes() == package.read_bytes()
    posted = subprocess.run(["curl", "-s", "-o", tmp_path / "answer", "-w", "%{http_code}", "-d", "x",
                             f"{url}/metadata/timestamp.pb"], check=True, capture_output=True, text=True)
    assert posted.stdout in ("403", "405")


def test_a_mirror_url_of_https_is_refused(published, make_node):
    node = make_node(published, mirrors='["https://mirror:8443"]')
    answer = node.call("check")
    assert answer.code == 5, answer
    assert "must begin with http://" in answer.err
