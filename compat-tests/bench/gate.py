#!/usr/bin/env python3
"""What noise cannot move: system calls for one request, memory at rest, and processor time beside the floor, with a wide margin.
Last line: N passed, N failed."""
import os
import subprocess
import sys
import time

from cases import KIB, Case, raw
from load import here
from slices import command, run_load
from systems import Floor, Ottla

SYSTEM_CALLS_MAX = 7  # one after the other: epoll_wait, recv, pwritev, send, recv that finds nothing; and the loop's turn
IDLE_RSS_MB_MAX = 16
# Of the floor; measured 1.5 to 3 on a busy machine.
TINY_RATIO_MAX, LARGE_RATIO_MAX = 5.0, 3.0
TINY = {"record_bytes": 100, "batch_bytes": 200, "seconds": 0.8}
outcomes = []


def judge(what, figure, most):
    outcomes.append(figure <= most)
    print(f"{'ok' if figure <= most else 'FAILED'}: {what}: {figure:.2f}, at most {most}")


def rss_mb(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:")) * 1024 / 1e6


def system_calls_per_request(system, directory):
    """Under strace, which is slow: nothing but the number of calls counts."""
    case = Case("", raw("produce", connections=1, depth=1, **TINY))
    system.make_topic("calls", 1, False)
    counts = os.path.join(directory, "calls")
    with subprocess.Popen(["strace", "-f", "-c", "-o", counts, "-p", str(system.pid)], stderr=subprocess.DEVNULL) as strace:
        time.sleep(1)
        line = run_load(command(system, case, "calls", case.load, ["--warm-up-seconds", "0"]))
        strace.terminate()
    with open(counts, encoding="utf-8") as file:
        total = next(line.split() for line in file if line.rstrip().endswith("total"))
    return int(total[3]) / line["requests"]


def cost(kind, directory, case, figure):
    system = kind(os.path.join(directory, f"{kind.name}-for-{figure}"))
    system.start()
    try:
        system.make_topic("gate", 1, False)
        return min(run_load(command(system, case, "gate", case.load))[figure] for _ in range(3))  # disturbance only adds
    finally:
        system.stop()


def ratio_to_floor(directory, case, figure, most):
    """The least of three pairs at most: a neighbour on the machine disturbs one or two, a regression all."""
    least = float("inf")
    for turn in range(3):
        folder = os.path.join(directory, f"{figure}-{turn}")
        os.mkdir(folder)
        floor = cost(Floor, folder, case, figure)
        least = min(least, cost(Ottla, folder, case, figure) / floor)
        if least <= most:
            break
    return least


def main():
    with here() as directory:
        system = Ottla(os.path.join(directory, "idle"))
        system.start()
        time.sleep(0.5)
        judge("memory at rest, MB", rss_mb(system.pid), IDLE_RSS_MB_MAX)
        judge("system calls for a Produce request", system_calls_per_request(system, directory), SYSTEM_CALLS_MAX)
        system.stop()
        tiny = Case("", raw("produce", connections=64, depth=1, warm_up_seconds=0.2, **TINY))
        large = Case("", raw("produce", batch_bytes=64 * KIB, seconds=0.8, warm_up_seconds=0.2))
        for what, case, figure, most in (("tiny requests", tiny, "cpu_us_per_request", TINY_RATIO_MAX),
                                         ("requests of 64 KiB", large, "cpu_s_per_gb", LARGE_RATIO_MAX)):
            judge(f"{what}: processor time beside the floor", ratio_to_floor(directory, case, figure, most), most)
    print(f"{sum(outcomes)} passed, {len(outcomes) - sum(outcomes)} failed")
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
