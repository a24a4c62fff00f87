"""The last act of the demo: an application that is at work while its update comes. It is asked before it is stopped, its
port stays open, and the next release goes on with the job."""
import subprocess
import sys

from harness import payloads

APP, PORT = "desk", 18088
OLD, NEW = "1.0.0", "2.0.0"

# One request after the other until its input ends; the last line says how they went.
CUSTOMER = """
import select, sys, urllib.request
good = bad = 0
while not select.select([sys.stdin], [], [], 0)[0]:
    try:
        with urllib.request.urlopen(sys.argv[1], timeout=30) as answer:
            good += answer.status == 200
    except OSError:
        bad += 1
print(good, bad)
"""


class Desk:
    """`node` keeps the application beside the other one; `publish(directory, app, version, *policy)`."""

    def __init__(self, node, host, work, publish):
        self.node, self.host, self.work, self.publish = node, host, work, publish

    def _ask(self, path):
        done = subprocess.run(["curl", "-sS", "-m", "20", f"http://127.0.0.1:{PORT}{path}"], capture_output=True, text=True,
                              preexec_fn=self.host.enter, check=True)
        return done.stdout.strip()

    def _release(self, version):
        place = payloads.speaking_release(self.work / f"{APP}-{version}", version)
        self.publish(place, APP, version, *payloads.speaking_service(PORT, "--keep-ports"))
        self.node.daemon.wait("attempt.committed", f"{APP} {version}")

    def show(self):
        """True: the job was taken over, and no request was lost."""
        self._release(OLD)
        for path in ("/job/begin", "/job/step", "/job/step"):
            self._ask(path)
        print(f"{self.node.name} runs {APP} {OLD}. Its job: {self._ask('/job')}. A customer sends one request after the other.")
        customer = subprocess.Popen([sys.executable, "-I", "-c", CUSTOMER, f"http://127.0.0.1:{PORT}/"], text=True,
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=self.host.enter)
        try:
            self._release(NEW)
            job = self._ask("/job/step")
            told, _ = customer.communicate("enough\n", timeout=60)
        finally:
            customer.kill()
            customer.wait()
        good, bad = map(int, told.split())
        print(f"{self.node.name} runs {APP} {self._ask('/')}. Its job: {job}. Requests answered meanwhile: {good}, lost: {bad}.")
        return job == f"3 done, begun by {OLD}" and good > 0 and bad == 0
