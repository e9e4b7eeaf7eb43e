#!/usr/bin/env python3
"""`shaken-redirector numbers`: the four commands, their exit statuses, and an import that is killed
again and again: it goes on, and what comes of it is the same."""
import os
import random
import signal
import subprocess
import sys
import tempfile

from kit import check, result, run

REDIRECTOR = os.path.join(os.environ["BUILD_ROOT"], "redirector", "shaken-redirector")
KILLS = 100
rng = random.Random(7118)


def numbers(*args, text=None):
    return run(REDIRECTOR, "numbers", *args, text=text)


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def use(folder):
    """Wrong use is 2 and says how, on standard error."""
    for args in ((), ("weigh",), ("import",), ("import", "--store", folder),
                 ("import", "--store", folder, "a", "b"), ("import", "--what", "a"),
                 ("import", "--store", folder, "--memory", "0", "a"),
                 ("import", "--store", folder, "--merge", "--replace", "a"),
                 ("import", "--store", folder, "--tenant", "", "a"),
                 ("import", "--store", folder, "--tenant", "a b", "a"),
                 ("import", "--store", folder, "--tenant", "a/b", "a"),
                 ("export", "--store", folder, "--tenant", "a b"),
                 ("lookup", "--store", folder, "--tenant", "a,b", "1"),
                 ("export", "--store", folder, "x"), ("export", "--store", folder, "--list", "x"),
                 ("lookup", "--store", folder, "1"), ("lookup", "--store", folder, "--tenant", "t"),
                 ("lookup", "--store", folder, "--tenant", "t", "abc"),
                 ("lookup", "--store", folder, "--tenant", "t", "--at", "now", "1"),
                 ("stats",), ("stats", "--store", folder, "x")):
        a = numbers(*args)
        check(a.status == 2 and "--help" in a.err and not a.out, "wrong use", args, a)
    for args in (("--help",), ("import", "--help"), ("stats", "-h")):
        a = numbers(*args)
        check(a.status == 0 and "import --store DIR" in a.out and not a.err, "help", args, a)


def faults(folder):
    a = numbers("stats", "--store", os.path.join(folder, "none"))
    check(a.status == 3 and "none" in a.err, "no such store", a)
    a = numbers("import", "--store", os.path.join(folder, "s"), os.path.join(folder, "none.csv"))
    check(a.status == 3 and "none.csv" in a.err, "no such file", a)
    a = numbers("import", "--store", os.path.join(folder, "s"), folder)
    check(a.status == 3 and "directory" in a.err, "no file", a)
    a = numbers("export", "--store", os.path.join(folder, "s"))
    check(a.status == 3 and "no numbers have been imported" in a.err, "nothing imported", a)


def commands(folder):
    store = os.path.join(folder, "store")
    lines = write(os.path.join(folder, "a.csv"),
                  "tenant,list,customer,first,last,attest\n"
                  "east,number,acme,+14045550100,+14045550199,A\n"
                  "west,number,,14045550100,,B\n"
                  "east,block,,441,,\n"
                  "# a comment\n\n"
                  "*,do-not-originate,,18005550000,,\n")
    a = numbers("import", "--store", store, lines)
    check(a.status == 0 and "imported 4 lines (0 wrong), generation 1" in a.out, "import", a)
    a = numbers("lookup", "--store", store, "--tenant", "east", "--json", "+14045550150")
    check(a.status == 0 and '"attest":"A","customer":"acme"' in a.out, "lookup", a)
    a = numbers("lookup", "--store", store, "--tenant", "west", "14045550150")
    check(a.status == 1 and "not found" in a.out, "another tenant's", a)
    a = numbers("lookup", "--store", store, "--tenant", "west", "18005550000")
    check(a.status == 0 and "do-not-originate=yes" in a.out, "everybody's list", a)
    a = numbers("export", "--store", store, "--tenant", "west")
    check(a.out.splitlines()[1:] == ["west,number,,14045550100,,B,,,"], "export of one", a)
    a = numbers("export", "--store", store, "--list", "block")
    check(a.out.splitlines()[1:] == ["east,block,,441,,,,,"], "export of a list", a)
    a = numbers("stats", "--store", store)
    check(a.status == 0 and "103 numbers in 4 runs" in a.out, "stats", a)
    a = numbers("import", "--store", store, "--tenant", "west", "-", text="first\n200\n")
    check(a.status == 0 and "generation 2" in a.out, "from standard input", a)
    bad = write(os.path.join(folder, "bad.csv"), "tenant,first\neast,1\neast,x\n")
    a = numbers("import", "--store", store, bad)
    check(a.status == 1 and "bad.csv:3:" in a.err and "nothing was imported" in a.err, "wrong line", a)
    a = numbers("import", "--store", store, "--keep-going", bad)
    check(a.status == 0 and "imported 1 lines (1 wrong)" in a.out and "bad.csv:3:" in a.err, "keep going", a)
    check(sorted(os.listdir(store)) == ["3.mdb", "current", "import.lock"], "nothing is left over",
          os.listdir(store))


def not_imported(folder):
    """A file that is not what it should be is 1, as a wrong line is, and changes nothing."""
    store = os.path.join(folder, "kept")
    check(numbers("import", "--store", store, "-", text="tenant,first\na,1\nb,2\n").status == 0, "there is something")
    before = numbers("export", "--store", store).out
    for args, text, why in (
            ((), "", "empty"), ((), "# a\n", "empty"), (("--keep-going",), "", "empty"), (("--merge",), "", "empty"),
            (("--allow-empty",), "", "empty"),
            ((), "a,14045550100\n", "names the columns"), ((), "first\n1\n", "no column `tenant`"),
            ((), "tenant,list\na,number\n", "no column `first`"), ((), "tenant,first,tenant\n", "twice"),
            ((), "tenant,first\na,1\ntenant,first\n", "-:3:"),
            ((), "tenant,first\na,04045550100\n", "begins with 0"),
            ((), "tenant,first\na ,1\n", "tenant is 1 to 64"),
            ((), "tenant,first\n", "--allow-empty"), (("--tenant", "a"), "first\n", "--allow-empty"),
            (("--keep-going",), "tenant,first\na,x\n", "--allow-empty")):
        a = numbers("import", "--store", store, *args, "-", text=text)
        check(a.status == 1 and why in a.err and "nothing was imported" in a.err and not a.out, "not imported", args, text, a)
        check(numbers("export", "--store", store).out == before, "as it was", args, text)
    a = numbers("import", "--store", store, "--tenant", "a", "--allow-empty", "-", text="first\n")
    check(a.status == 0 and "imported 0 lines" in a.out, "a tenant is emptied", a)
    a = numbers("export", "--store", store)
    check(a.out.splitlines()[1:] == ["b,number,,2,,A,,,"], "of the other all stays", a)
    a = numbers("import", "--store", store, "--merge", "-", text="tenant,first\n")
    check(a.status == 0 and numbers("export", "--store", store).out.splitlines()[1:] == ["b,number,,2,,A,,,"], "nothing more", a)
    a = numbers("import", "--store", store, "--allow-empty", "-", text="tenant,first\n")
    check(a.status == 0 and len(numbers("export", "--store", store).out.splitlines()) == 1, "the store is emptied", a)


def two_at_once(folder):
    """The second import does not wait and does not harm."""
    store, lines = os.path.join(folder, "two"), os.path.join(folder, "big.csv")
    first = subprocess.Popen([REDIRECTOR, "numbers", "import", "--store", store, "-"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    first.stdin.write(b"tenant,first\n" + b"# more than a pipe holds\n" * 10000)
    first.stdin.flush()         # it reads, so it has the lock
    a = numbers("import", "--store", store, lines)
    check(a.status == 3 and "another import is under way" in a.err, "two at once", a)
    first.stdin.write(b"a,1\n")
    first.stdin.close()
    check(first.wait(timeout=60) == 0, "the first goes on")
    first.stdout.close()


def killed(folder):
    """An import is killed at any moment, and given again until it is done."""
    big = os.path.join(folder, "big.csv")
    with open(big, "w", encoding="utf-8") as f:
        f.write("tenant,customer,first,last,attest\n")
        for _ in range(150000):
            f.write("t%d,c%d,1%07d,,A\n" % (rng.randrange(5), rng.randrange(9), rng.randrange(10**7)))
    want = os.path.join(folder, "whole")
    check(numbers("import", "--store", want, big).status == 0, "at once")
    want = numbers("export", "--store", want).out
    kills = rounds = resumed = 0
    while kills < KILLS and rounds < 200:
        store = os.path.join(folder, f"killed{rounds}")
        rounds += 1
        for attempt in range(1000):
            p = subprocess.Popen([REDIRECTOR, "numbers", "import", "--store", store, "--memory", "1",
                                  "--progress", big], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
            try:
                out, err = p.communicate(timeout=rng.uniform(0.01, 0.25) * (1 + attempt / 4))
                check(p.returncode == 0 and b"imported 150000 lines" in out, "ends well", out, err)
                resumed += b"going on behind line" in err
                break
            except subprocess.TimeoutExpired:
                p.send_signal(signal.SIGKILL)
                _, err = p.communicate()
                resumed += b"going on behind line" in err
                kills += 1
                a = numbers("stats", "--store", store)
                check(a.status == 3 or "150000 numbers" in a.out or " runs" in a.out,
                      "never half a store", a)
        got = numbers("export", "--store", store)
        check(got.out == want, "the same as at once", store)
        left = sorted(os.listdir(store))
        # one that was killed behind its switch is imported once more
        check(len(left) == 3 and left[0].endswith(".mdb") and left[1:] == ["current", "import.lock"],
              "nothing is left over", left)
    check(kills >= KILLS and resumed > 10, "killed often enough", kills, resumed)


def main():
    with tempfile.TemporaryDirectory(prefix="shaken-numbers-") as folder:
        use(folder)
        faults(folder)
        commands(folder)
        not_imported(folder)
        killed(folder)
        two_at_once(folder)
    result()


if __name__ == "__main__":
    sys.exit(main())
