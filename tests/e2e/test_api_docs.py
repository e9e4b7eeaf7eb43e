"""docs/apis.md: its sh blocks run against a daemon on the ports that it names, in order, and print
what the output block behind each says."""
import os
import re
import subprocess
import sys

import api_lab
import lab

BLOCK = re.compile(r'^```(\w+)\n(.*?)^```$', re.M | re.S)


def blocks():
    """[(sh, output or None)]"""
    found = BLOCK.findall((lab.SOURCE / 'docs' / 'apis.md').read_text())
    for i, (kind, text) in enumerate(found):
        if kind == 'sh':
            after = found[i + 1] if i + 1 < len(found) else ('', '')
            yield text, after[1] if after[0] == 'output' else None


def test(laboratory, checks):
    server = api_lab.daemon(laboratory, hosting={'serve': True})
    pages = list(blocks())
    checks.that(len(pages) >= 6, 'blocks', len(pages))
    # one shell for all: what one block sets the next one has; nothing is left in /tmp
    script = ''.join(text + '\nprintf "\\001"\n' for text, _ in pages).replace('/tmp/', str(laboratory.folder) + '/')
    run = subprocess.run(['sh', '-e', '-c', script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         env=dict(os.environ, KEY=api_lab.KEY, no_proxy='*'), timeout=lab.PATIENCE * 5)
    checks.same(run.returncode, 0, run.stderr)
    got = run.stdout.split('\x01')
    checks.same(len(got), len(pages) + 1, 'all have run')
    for (text, want), printed in zip(pages, got):
        if want is not None:
            checks.same(printed.rstrip('\n'), want.rstrip('\n'), text)
    # the page names what is there
    page = (lab.SOURCE / 'docs' / 'apis.md').read_text()
    for link in re.findall(r'\]\(([\w./-]+)\)', page):
        if link != 'http.md':
            checks.that((lab.SOURCE / 'docs' / link).exists(), link)
    known = re.findall(r'"((?:SVC|POL)\d+)"', (lab.SOURCE / 'redirector/http/atis_exception.c').read_text())
    checks.that(len(known) == 15, 'exceptions', known)
    for name in known:
        checks.that('| %s |' % name in page, name + ' is on the page')
    server.stop()


if __name__ == '__main__':
    sys.exit(lab.main(test))
