#!/usr/bin/env python3
"""The shared store under kill -9, and under several processes at once: never a wrong byte, never stuck."""
import os
import random
import select
import shutil
import subprocess
import sys
import tempfile
import time

DRIVER = sys.argv[1]
KILLS, STORMS, MUCH = 200, 15, 400
passed = failed = 0
rng = random.Random(8224)


def check(ok, what, *more):
    global passed, failed
    if ok:
        passed += 1
        return
    failed += 1
    print("FAILED:", what, *more, file=sys.stderr)


def start(*args):
    return subprocess.Popen([DRIVER, *map(str, args)], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL)


def wait_for_line(process, what):
    ready, _, _ = select.select([process.stdout], [], [], 30)
    line = process.stdout.readline() if ready else b""
    check(line.strip() == what, "it says", what, line)


def kill(process):
    process.kill()
    process.wait()
    process.stdout.close()


def end(process, what, limit=60):
    """Its output, when it ends well in time."""
    try:
        out, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        kill(process)
        check(False, what, "is stuck")
        return ""
    check(process.returncode == 0, what, "ends well", process.returncode)
    return out.decode()


def look(folder, what):
    """state, records found; all that are found must be right."""
    out = subprocess.run([DRIVER, "check", folder], capture_output=True, text=True, timeout=60)
    fields = out.stdout.split()
    check(out.returncode == 0 and len(fields) == 4, what, out.returncode, out.stdout, out.stderr)
    if len(fields) != 4:
        return "", 0
    check(fields[2] == "0", what, "wrong records", out.stdout)
    check(fields[1] == fields[3], what, "no record is unreadable", out.stdout)
    return fields[0], int(fields[1])


def kills(folder):
    """Killed at any moment, looked at each time: what was there stays."""
    had, states, i = 0, {}, -1
    # on a slow machine many die before they have written anything: then there are more of them
    while i + 1 < KILLS or (had <= MUCH and i + 1 < 10 * KILLS):
        i += 1
        process = start("fill", folder, i, 0)
        if i % 4:
            wait_for_line(process, b"opened")
        if i % 4 == 3:
            line = process.stdout.readline()    # one is written: however slow the machine, it goes on
            check(line.strip(), "one is written")
        time.sleep(rng.uniform(0, 0.03))
        kill(process)
        state, found = look(folder, "after kill %d" % i)
        states[state] = states.get(state, 0) + 1
        check(found >= had, "what was there stays", had, found, state)
        check(state != "rebuilt" or had == 0, "nothing is lost for a kill", state)
        had = found
    check(had > MUCH, "much was written between the kills", had, states)


def storms(folder):
    """Killed several times in a row: perhaps made anew, never wrong."""
    for i in range(STORMS):
        for k in range(4):
            process = start("fill", folder, 1000 + 4 * i + k, 0)
            wait_for_line(process, b"opened")
            time.sleep(rng.uniform(0, 0.01))
            kill(process)
        look(folder, "after storm %d" % i)


def together(folder):
    """Writers and readers at once."""
    writers = [start("fill", folder, 5000 + i, 2000) for i in range(3)]
    readers = [start("read", folder, 20) for _ in range(2)]
    for process in readers:
        fields = end(process, "a reader").split()
        check(len(fields) == 4 and fields[2] == "0", "what it read was right", fields)
    for process in writers:
        end(process, "a writer")
    state, found = look(folder, "after writers and readers")
    check(state == "as-it-was" and found == 500, "all is there", state, found)


def holders(folder):
    """A process that dies with the write transaction in its hand blocks nobody."""
    for i in range(5):
        holder = start("hold", folder)
        wait_for_line(holder, b"holding")
        check(look(folder, "beside a writer that sleeps")[1] == 500, "readers never wait")
        waiting = start("fill", folder, 9000 + i, 20)
        wait_for_line(waiting, b"opened")
        time.sleep(0.02)
        check(waiting.poll() is None, "one writer at a time")
        kill(holder)
        end(waiting, "the writer that waited", 20)
        end(start("fill", folder, 9100 + i, 20), "the next writer", 20)
    check(look(folder, "after the holders") == ("as-it-was", 500), "nothing was lost")


def main():
    folder = tempfile.mkdtemp(prefix="store.")
    os.rmdir(folder)
    try:
        kills(folder)
        storms(folder)
        together(folder)
        holders(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0


sys.exit(main())
