"""A plain HTTP mirror of a seeder's public files: Debian's nginx, as a network team would run it."""
import os
import pathlib
import subprocess

from . import enclosure, programs

ROOT = pathlib.Path(__file__).resolve().parents[3]
UNPACKED = ROOT / "build" / "bench" / "nginx" / "usr" / "sbin" / "nginx"
NGINX = UNPACKED if UNPACKED.exists() else pathlib.Path("/usr/sbin/nginx")

CONFIGURATION = """\
daemon off; master_process off; pid {work}/nginx.pid; error_log {work}/error.log;
{user}events {{ worker_connections 512; }}
http {{ access_log {work}/access.log;
  client_body_temp_path {work}/t1; proxy_temp_path {work}/t2;
  fastcgi_temp_path {work}/t3; uwsgi_temp_path {work}/t4; scgi_temp_path {work}/t5;
  {servers} }}
"""
# docs/how-to/mirror.md shows the same.
MIRROR = """server {{ listen {address}:{port}; root {public};
    location / {{ limit_except GET {{ deny all; }} }} }}"""
# In front of a seeder whose files are not to be had there; speaks for the one node whose certificate it has.
FRONT = """server {{ listen {address}:{port} ssl; ssl_protocols TLSv1.3;
    ssl_certificate {chain}; ssl_certificate_key {key};
    location /v1/ {{ proxy_pass {seeder}; proxy_ssl_protocols TLSv1.3;
        proxy_ssl_certificate {node}/certificate.pem; proxy_ssl_certificate_key {node}/key.pem; }}
    location / {{ return 503; }} }}"""


class Nginx:
    def __init__(self, work, *servers):
        self.work = pathlib.Path(work)
        self.work.mkdir()
        user = "user root;\n" if os.geteuid() == 0 else ""
        configuration = self.work / "nginx.conf"
        configuration.write_text(CONFIGURATION.format(work=self.work, user=user, servers="\n".join(servers)))
        self.process = subprocess.Popen([NGINX, "-c", configuration, "-p", self.work],
                                        preexec_fn=enclosure.die_with_parent, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        programs.wait_until(lambda: (self.work / "nginx.pid").exists(), "nginx runs")

    def asked(self):
        """The paths it was asked for, and how it answered: [(path, status)]."""
        lines = (self.work / "access.log").read_text().splitlines()
        return [(line.split('"')[1].split()[1], int(line.split('"')[2].split()[0])) for line in lines]

    def stop(self):
        self.process.kill()
        self.process.wait()
