"""Every scenario of scripts/sipp, by its own runner, and the load script for a moment."""
import re
import subprocess

import lab

SCRIPTS = lab.SOURCE / 'scripts' / 'sipp'
NEEDS_VERIFY = {'verify-no-identity'}       # with tenant.mode: auto such a call is signed


def runner(laboratory, script, *arguments):
    return subprocess.run([SCRIPTS / script, '--lab', laboratory.pki.folder, '--shaken', lab.SHAKEN, *arguments],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)


def test(laboratory, checks):
    laboratory.redirector(5060)
    laboratory.redirector(5070, tenant_mode='verify')
    names = sorted(path.stem for path in SCRIPTS.glob('*.xml'))
    checks.that(len(names) > 30, 'there are scenarios')
    for name in names:
        address = '127.0.0.1:%d' % (5070 if name in NEEDS_VERIFY else 5060)
        run = runner(laboratory, 'run', name, address)
        checks.same(run.returncode, 0, 'scenario %s\n%s' % (name, run.stdout.decode()[-3000:] if run.returncode else ''))
    # a scenario has to be able to fail: what must pass does not pass where nothing is trusted
    laboratory.redirector(5080, trust_anchors=[str(laboratory.pki / 'other-root.pem')], trust_crls=[])
    checks.that(runner(laboratory, 'run', 'verify-passed', '127.0.0.1:5080').returncode != 0, 'verify-passed fails without trust')
    checks.that(runner(laboratory, 'run', 'sign', '127.0.0.1:5099').returncode != 0, 'sign fails where nobody answers')

    for scenario in 'sign', 'verify':
        run = runner(laboratory, 'load', '--rate', '50', '--duration', '2', '--calls', '5', '--scenario', scenario, '127.0.0.1:5060')
        text = run.stdout.decode()
        checks.same(run.returncode, 0, 'load %s\n%s' % (scenario, text))
        checks.that(re.search(r'answered +100\n', text) and re.search(r'p99 +\d+ ms', text), 'load %s tells' % scenario, text)


if __name__ == '__main__':
    lab.main(test)
