"""How busy the machine was between two moments, and the arithmetic of a run."""
import pathlib
import statistics


def _jiffies():
    fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    user, nice, system, idle, iowait, irq, softirq, steal = map(int, fields)
    return {"all": user + nice + system + idle + iowait + irq + softirq + steal, "idle": idle + iowait, "steal": steal}


class Busy:
    """Measures from its making until stop()."""

    def __init__(self):
        self._before = _jiffies()

    def stop(self):
        after = _jiffies()
        passed = {key: after[key] - self._before[key] for key in after}
        whole = max(1, passed["all"])
        return {"cpu": 1 - (passed["idle"] + passed["steal"]) / whole, "steal": passed["steal"] / whole}


MOST_CPU, MOST_STEAL = 0.75, 0.02


def calm(busy):
    return busy["cpu"] <= MOST_CPU and busy["steal"] <= MOST_STEAL


def bound(size, nodes, rate):
    """The least time in which N nodes can have a file of `size` bytes when every wire, the seeder's too, carries `rate`
    bytes a second each way: the seeder must send it once, the slowest node must receive it, and all must be sent."""
    return max(size / rate, nodes * size / (rate + nodes * rate))


def median(values):
    return statistics.median(values)
