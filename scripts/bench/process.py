"""Runs a contender as a process and tells what the kernel counted: CPU, wall time, peak memory of its largest process.

Descendants count too: those that the contender waited for are in its own figures, those it left behind come to us,
because this process makes itself their reaper.
"""
import ctypes
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


@dataclass
class Run:
    cpu_s: float
    wall_s: float
    peak_mb: float


def adopt_orphans():
    if not sys.platform.startswith("linux") or ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        sys.exit("bench: needs Linux, where a process can be made the reaper of its descendants")


def start(command, log, **environment):
    with open(log, "w") as out:
        return subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out,
                                stderr=subprocess.STDOUT, env={**os.environ, **environment})


def run(command, log, **environment):
    """Runs it to its end; anything but success ends the benchmark, because a contender that failed did less work."""
    began = time.monotonic()
    process = start(command, log, **environment)
    cpu = peak = 0
    wall = None
    while True:
        try:
            pid, status, used = os.wait4(-1, 0)
        except ChildProcessError:
            break
        cpu += used.ru_utime + used.ru_stime
        peak = max(peak, used.ru_maxrss / 1024)
        if pid == process.pid:
            wall = time.monotonic() - began
            process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        said = Path(log).read_text(errors="replace")[-1500:]
        sys.exit(f"bench: {' '.join(map(str, command))} ended with {process.returncode}:\n{said}")
    return Run(cpu, wall, peak)


def cpu_of_tree(root):
    """CPU seconds so far of a living process and its living descendants."""
    tick = os.sysconf("SC_CLK_TCK")
    parents, used = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
            used[int(entry.name)] = sum(map(int, fields[11:15])) / tick
    tree, grown = {root}, True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in tree} - tree
        grown = bool(more)
        tree |= more
    return sum(used.get(pid, 0) for pid in tree)
