"""What the kernel has counted for a server: the time of all its threads, and its memory.

Time is that of /proc/PID/task/*/schedstat.  A thread that ends takes its time with it, and a server
would look cheaper than it is; so the clocks of the processes, which forget nothing, must agree.
"""
import os
import pathlib
import re
import time

UNSEEN_SHARE, UNSEEN_NS = 0.01, 4000000     # of the time of a server, and a tick: what two ways to count it may differ by


class NoFigure(Exception):
    """A run with a loss, a wrong answer or a server that is not there: nothing was measured."""


class NotQuiet(NoFigure):
    """A run that says more about the machine than about the server: it may be made again."""

    def __str__(self):
        return 'the machine was not quiet: ' + super().__str__()


def of_threads(pid, name):
    """The text of a file of each thread of a process; those that end meanwhile are left out."""
    folder = '/proc/%d/task' % pid
    try:
        threads = os.listdir(folder)
    except (FileNotFoundError, ProcessLookupError):
        return
    for thread in threads:
        try:
            yield pathlib.Path(folder, thread, name).read_text()
        except (FileNotFoundError, ProcessLookupError):
            pass


def family(pid):
    """A process and all its descendants."""
    found, left = [], [pid]
    while left:
        found.append(left.pop())
        left += [int(child) for text in of_threads(found[-1], 'children') for child in text.split()]
    return found


def threads_ns(pid):
    """{thread: its time on a processor}"""
    times = {}
    for path in pathlib.Path('/proc/%d/task' % pid).glob('*/schedstat'):
        try:
            times[path.parent.name] = int(path.read_text().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            pass
    return times


def process_ns(pid):
    """The same by the clock of the process, which also has the time of threads that have ended."""
    return time.clock_gettime_ns(~pid << 3 | 2)         # as clock_getcpuclockid(3) makes it


class Meter:
    """Time on a processor that a server takes from now on; a thread that ends takes its own with it."""

    def __init__(self, server):
        self.server, self.pids = server, server.pids
        self.threads, self.clocks = self.read()

    def read(self):
        try:
            return {pid: threads_ns(pid) for pid in self.pids}, {pid: process_ns(pid) for pid in self.pids}
        except OSError as why:
            raise NoFigure('a process of the server has ended') from why

    def spent(self):
        """@return {process: nanoseconds}; NoFigure when some of it cannot be seen any more"""
        threads, clocks = self.read()
        if self.server.pids != self.pids:
            raise NoFigure('the server has other processes than before')
        for pid, times in self.threads.items():
            if set(times) - set(threads[pid]):
                raise NoFigure('a thread of process %d has ended' % pid)
        spent = {pid: sum(ns - self.threads[pid].get(thread, 0) for thread, ns in threads[pid].items()) for pid in self.pids}
        missed = sum(clocks[pid] - self.clocks[pid] - spent[pid] for pid in self.pids)
        if abs(missed) > UNSEEN_SHARE * sum(spent.values()) + UNSEEN_NS * len(self.pids):
            raise NoFigure('the threads of the server differ by %.1f ms from the clocks of its processes' % (missed / 1e6))
        return spent


def memory_kib(pid):
    """VmRSS, and Pss: of pages that several processes have in common, this one's share."""
    status = pathlib.Path('/proc/%d/status' % pid).read_text()
    rollup = pathlib.Path('/proc/%d/smaps_rollup' % pid).read_text()
    return (int(re.search(r'VmRSS:\s+(\d+)', status).group(1)),
            int(re.search(r'Pss:\s+(\d+)', rollup).group(1)))
