"""The web process runs behind SIP, and comes forward when others leave it without a processor."""
import os
import signal
import subprocess
import sys
import time

import lab
from lab import http_request
from test_web_process import HEALTH, answers, nice_of, start, until

BUSY = 'while True: pass'
HOGS = 3
TRY = 'import os; os.nice(10)\nfor p in os.SCHED_IDLE, os.SCHED_OTHER: os.sched_setscheduler(0, p, os.sched_param(0))'
# root without the rights to a better rank
BARE = ['setpriv', '--bounding-set=-sys_nice,-sys_resource', '--inh-caps=-sys_nice,-sys_resource', 'prlimit', '--nice=0:0', '--']


def may_return():
    """Does this machine let anybody come back?"""
    run = subprocess.run([sys.executable, '-c', TRY], stderr=subprocess.DEVNULL, check=False)
    return run.returncode == 0


def policies(pid):
    """Of its threads; the loop is the first."""
    return [os.sched_getscheduler(int(thread)) for thread in sorted(os.listdir('/proc/%d/task' % pid), key=int)]


def crowd(pid):
    """It and some others that are always busy share one processor."""
    core = {min(os.sched_getaffinity(0))}
    os.sched_setaffinity(pid, core)
    hogs = [subprocess.Popen([sys.executable, '-c', BUSY]) for _ in range(HOGS)]
    for hog in hogs:
        os.sched_setaffinity(hog.pid, core)
    return hogs


def leave(hogs):
    for hog in hogs:
        hog.kill()
        hog.wait()


def goes_back(checks, web, what):
    """After 10 s, and twice that each time that somebody has starved it just before."""
    end = time.monotonic() + 100
    while (seen := policies(web)[0]) != os.SCHED_IDLE and time.monotonic() < end:
        time.sleep(0.02)
    checks.same(seen, os.SCHED_IDLE, what)


def test_behind(lab_, checks):
    """Back, forward while it is starved, and back."""
    server = start(lab_, workers=1)
    web, worker = server.web()[0], server.workers()[0]
    goes_back(checks, web, 'it goes back')
    checks.same(nice_of(web), nice_of(worker) + 10, 'its niceness')
    checks.that(os.SCHED_IDLE not in policies(web)[1:], 'its threads are ordinary', policies(web))
    checks.that(os.SCHED_IDLE not in policies(worker), 'SIP is', policies(worker))
    hogs = crowd(web)
    try:
        until('it comes forward', lambda: policies(web)[0] == os.SCHED_OTHER)
        checks.same(answers(HEALTH), 200, 'health meanwhile')
        checks.same(http_request(HEALTH, path='/readyz').status, 200, 'ready meanwhile')
    finally:
        leave(hogs)
    server.wait_log('worker=web event=seat late_ms=', 'it is said')
    goes_back(checks, web, 'it goes back again')
    server.send_signal(signal.SIGHUP)
    server.wait_log('event=reload result=ok', 'a reload')
    checks.same(answers(HEALTH), 200, 'health in the back')
    checks.same(server.stop(), 0, 'it ends')


def test_at_nice(lab_, checks):
    """Who may not come back does not go."""
    server = start(lab_, workers=1, first=BARE)
    web = server.web()[0]
    checks.same(policies(web)[0], os.SCHED_OTHER, 'it stays')
    checks.same(nice_of(web), nice_of(server.workers()[0]) + 10, 'its niceness')
    server.wait_log('worker=web event=seat msg="HTTP runs beside SIP at nice +10', 'it is said')
    checks.same(answers(HEALTH), 200, 'health')
    checks.same(server.stop(), 0, 'it ends')


def test(lab_, checks):
    if may_return():
        test_behind(lab_, checks)
    else:
        print('nobody may come back here: the front is all there is')
    test_at_nice(lab_, checks)


if __name__ == '__main__':
    lab.main(test)
