#!/usr/bin/env python3
"""The operators' pages say what the program does: fields of a record, counters, columns, options.

What the program prints is read from its source, where it stands as text, and from --help.
"""
import json
import os
import re
import shutil
import tempfile

from kit import SHAKEN, check, result, run

SOURCE = os.environ["SOURCE_ROOT"]
REDIRECTOR = os.path.join(os.environ["BUILD_ROOT"], "redirector", "shaken-redirector")


def read(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as f:
        return f.read()


def record_fields():
    """Names in the order in which record_print() puts them: its calls are followed."""
    text = read("redirector/call/record.c")
    bodies = dict(re.findall(r"^[a-z][^\n;{}]*?\b(\w+)\([^;{}]*?\)\n\{\n(.*?)^\}", text, re.M | re.S))

    def walk(name):
        for called, field in re.findall(r'\b(put_\w+)\(\s*&?l(?:,\s*"([a-z0-9-]+)")?', bodies[name]):
            if field:
                yield field
            elif called in bodies:
                yield from walk(called)
    return list(walk("record_print"))


def section(page, name, until):
    check(name in page, "the section is there", name)
    part = page.split(name, 1)[-1]
    return part.split(until, 1)[0]


def in_order(names, fields):
    at = [fields.index(n) for n in names if n in fields]
    return len(at) == len(names) and at == sorted(set(at))


def split_pairs(line):
    return re.findall(r'([a-z0-9-]+)=(?:"(?:[^"\\]|\\.)*"|[^ "]*)', line)


def records():
    fields, page = record_fields(), read("docs/records.md")
    check(len(fields) > 30 and fields[0] == "event" and fields[-1] == "us", "the source is understood", fields)
    table = re.findall(r"^\| `([a-z0-9-]+)`( #)? \|", section(page, "## Fields", "\n## "), re.M)
    check([name for name, _ in table] == fields, "docs/records.md: every field in its order",
          [name for name, _ in table], fields)
    manual = section(read("docs/man/shaken-redirector.8"), ".SH LOG", ".SH COUNTERS")
    manual = section(manual, "left out:\n", "A call is billable")
    told = [n for line in manual.split("\n") for n in re.findall(
        r"[a-z0-9-]+", re.sub(r'"[^"]*"', " ", line.partition(" ")[2]))]
    told = [n for n in told if n not in ("records", "numbers")]
    check(told == fields, "the manual page: every field in its order", told, fields)

    numbers = {name for name, mark in table if mark}
    lines = re.findall(r"^\{.*\}$", page, re.M)
    check(len(lines) >= 3, "examples in JSON")
    for line in lines:
        record = json.loads(line)
        check(in_order(list(record), fields), "an example has fields that there are, in order", line)
        check({k for k, v in record.items() if isinstance(v, int)} == numbers & set(record),
              "numbers are marked as such", line)
    lines = re.findall(r"^event=call .*$", page, re.M)
    check(len(lines) >= 1, "an example in key=value form")
    for line in lines:
        check(in_order(split_pairs(line), fields), "as above", line)


def counters():
    manual = section(read("docs/man/shaken-redirector.8"), ".SH COUNTERS", ".SH OUTCOMES")
    services, tenants = manual.split("event=tenant", 1) if "event=tenant" in manual else (manual, "")
    names = re.findall(r'\[COUNT_\w+\] = "(\w+)"', read("redirector/call/counters.c"))
    check(len(names) > 25, "the service's counters are found", names)
    for name in names:
        check(re.search(r"\b%s\b" % name, services), "the manual page has the counter", name)
    names = re.findall(r'\[TALLY_\w+\] = "(\w+)"', read("redirector/call/tally.c"))
    check(len(names) > 10, "the tenants' counters are found", names)
    for name in names:
        check(re.search(r"\b%s\b" % name, tenants), "the manual page has the tenant's counter", name)
    parts = re.findall(r'"event=(\w+) [^"]*=%(?:llu|zu)[^"]*"', read("redirector/worker_counters.c") +
                       read("redirector/supply.c"))
    for name in {"tokens", "numbers", "tenant", "certificates", "breaker", "stored", "lists"} | \
            (set(parts) - {"counters", "store", "trust", "outcomes"}):
        check("event=" + name in manual, "the manual page has the line", name)


def numbers():
    """Columns and options of the number store, in its manual page and in docs/numbers.md."""
    manual, page = read("docs/man/shaken-redirector-numbers.8").replace("\\-", "-"), read("docs/numbers.md")
    columns = re.search(r'csv_header_text\[\] = "([a-z,]+)\\n"', read("redirector/numbers/csv.c"))[1].split(",")
    lines, described = section(manual, ".SH LINES", ".SH FILES"), []
    for row in re.findall(r"^\.TP\n\.BR? (.*)$", lines, re.M):
        described += re.findall(r"[a-z]+", re.sub(r'"[^"]*"', " ", row))
    check(described == columns, "the manual page describes every column", described, columns)
    described = []
    for row in re.findall(r"^\| (`[^|]*`) \|", section(page, "## Lines", "\n## "), re.M):
        described += re.findall(r"`([a-z]+)`", row)
    check(described == columns, "docs/numbers.md describes every column", described, columns)
    told = run(REDIRECTOR, "numbers", "--help")
    options = set(re.findall(r"--[a-z-]+", told.out))
    check(told.status == 0 and len(options) > 8, "options are found", told)
    for option in options:
        check(option in manual, "the manual page of numbers has the option", option)
    for word in ("import", "export", "lookup", "stats"):
        check(".B shaken-redirector numbers " + word in manual and "numbers " + word in page,
              "both pages have the command", word)


def options():
    manual = read("docs/man/shaken-redirector.8").replace("\\-", "-").replace("\\fR,\\ \\fB", " ")
    told = run(REDIRECTOR, "--help")
    found = set(re.findall(r"--[a-z-]+", told.out)) | set(re.findall(r"SIG[A-Z0-9]+", told.out))
    check(told.status == 0 and len(found) > 8, "options and signals are found", told)
    for name in found:
        check(name in manual, "the manual page has it", name)


def settings():
    """A setting that a page names is one that there is."""
    rows = "".join(read("config/rows_%s.inc" % name) for name in ("service", "tenant", "groups"))
    known = set(re.findall(r'"([a-z]+(?:\.\*)?\.[a-z0-9-]+)"', rows))
    sections = {name.split(".")[0] for name in known}
    check(len(known) > 150, "settings are found", len(known))
    for page in ("tenants", "numbers", "records", "limits", "clients", "keys"):
        for name in re.findall(r"`((?:%s)\.(?:\*\.|NAME\.)?[a-z][a-z0-9-]*)\b(?!\.\w)[^`]*`" % "|".join(sections),
                               read("docs/%s.md" % page)):
            check(name.endswith(".md") or name.replace("NAME", "*") in known, "docs/%s.md: there is such a setting" % page, name)


def examples():
    """A setting in an example of configuration is one that there is."""
    count = 0
    docs = [n for n in sorted(os.listdir(os.path.join(SOURCE, "docs"))) if n.endswith(".md")]
    for page in ["README.md"] + ["docs/" + n for n in docs]:
        for indent, block in re.findall(r"^( *)```yaml\n(.*?)^ *```", read(page), re.M | re.S):
            with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as f:
                f.write(re.sub("^" + indent, "", block, flags=re.M))
                f.flush()
                told = run(REDIRECTOR, "-c", f.name, "--print-config")
            count += 1
            check(not re.search("unknown (setting|section)|expected|while (parsing|scanning)", told.err),
                  page + ": an example of configuration", block, told)
    check(count > 10, "examples are found", count)


def anchor_of(title):
    """As GitHub makes it of a heading."""
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


def links():
    """Each link of a page leads to a file, and to a heading, that is there."""
    count = 0
    docs = [n for n in sorted(os.listdir(os.path.join(SOURCE, "docs"))) if n.endswith(".md")]
    for page in ["README.md", "CONTRIBUTING.md", "CHANGES.md"] + ["docs/" + n for n in docs]:
        text = re.sub(r"^```.*?^```|`[^`\n]*`", "", read(page), flags=re.M | re.S)
        found = re.findall(r"\]\(\s*<?([^)\s>]+)[^)]*\)", text) + re.findall(r"^\[[^\]]+\]:\s*(\S+)", text, re.M)
        for link in found:
            if re.match(r"[a-z]+:", link):
                continue
            count += 1
            name, _, anchor = link.partition("#")
            path = os.path.normpath(os.path.join(os.path.dirname(page), name)) if name else page
            there = os.path.exists(os.path.join(SOURCE, path)) and not path.startswith("..")
            check(there, page + ": a link leads somewhere", link)
            if there and anchor:
                titles = re.findall(r"^#+ (.*)$", read(path), re.M)
                check(anchor in map(anchor_of, titles), page + ": a link leads to a heading", link)
        for word in re.findall(r"\bdocs/[\w.-]+\.(?:md|yaml)\b", read(page)):
            check(os.path.exists(os.path.join(SOURCE, word)), page + ": a page that is named is there", word)
    check(count > 10, "links are found", count)
    check(anchor_of("Live page: `what` it shows") == "live-page-what-it-shows", "headings are understood")


def keys():
    """Each configuration of docs/keys.md passes --check, with the files that it names."""
    count, softhsm = 0, "/usr/lib/softhsm/libsofthsm2.so"
    check(os.path.exists(softhsm), "the token's library is there", softhsm)
    with tempfile.TemporaryDirectory() as folder:
        lab = os.path.join(folder, "lab")
        told = run(SHAKEN, "lab", lab)
        check(told.status == 0, "a laboratory", told)
        open(os.path.join(folder, "pin"), "w", opener=private).write("12345678\n")
        open(os.path.join(folder, "softhsm2.conf"), "w").write("directories.tokendir = %s\n" % folder)
        os.environ.update(CREDENTIALS_DIRECTORY=folder, SOFTHSM2_CONF=os.path.join(folder, "softhsm2.conf"))
        for block in re.findall(r"^```yaml\n(.*?)^```", read("docs/keys.md"), re.M | re.S):
            block = block.replace("/etc/shaken-redirector/", "")
            for name, kind in re.findall(r"\b([a-z0-9-]+)\.(key|pem)\b", re.sub(r"https:\S+", "", block)):
                shutil.copy(os.path.join(lab, "sp." + kind), os.path.join(folder, name + "." + kind))
            with open(os.path.join(folder, "redirector.yaml"), "w", encoding="utf-8") as f:
                f.write(block)
            told = run(REDIRECTOR, "-c", f.name, "--check")
            count += 1
            said = [line for line in told.err.splitlines() if line and "trust.anchors: is empty" not in line]
            check(told.status == 0 and not said, "docs/keys.md: an example is accepted", block, told)
    check(count >= 5, "examples of keys are found", count)


def private(path, flags):
    return os.open(path, flags, 0o600)


if __name__ == "__main__":
    records()
    counters()
    numbers()
    options()
    settings()
    examples()
    links()
    keys()
    result()
