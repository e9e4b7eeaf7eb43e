"""docs/openapi.yaml against the real daemon: a client that knows the file alone asks everything
in it, and the file's own examples hold.  Run by Debian's python (yaml, jsonschema)."""
import copy
import os
import re
import subprocess
import sys

import jsonschema
import yaml

import api_lab
import lab

FILE = lab.SOURCE / 'docs' / 'openapi.yaml'
FORBIDDEN = 'sr_may-nothing-0123456789'
# with viewer-sources alone nobody is unknown
VIEWED = ('metrics', 'live', 'liveHour', 'metricsHead', 'liveHead', 'liveHourHead')
# what no request alone provokes
NOT_PROVOKED = {'429', '500', '503', '304'}


def resolved(node, doc):
    """Without $ref."""
    if isinstance(node, dict):
        if '$ref' in node:
            at = doc
            for part in node['$ref'].lstrip('#/').split('/'):
                at = at[part]
            return resolved(at, doc)
        return {k: resolved(v, doc) for k, v in node.items()}
    return [resolved(v, doc) for v in node] if isinstance(node, list) else node


def bad_ones(value, schema):
    """Copies of a good value, each with one member left out that must be there."""
    for name in schema.get('required', []):
        less = copy.deepcopy(value)
        del less[name]
        yield 'without ' + name, less
        for what, inner in bad_ones(value[name], schema['properties'][name]):
            yield what, dict(value, **{name: inner})


def check_file(checks):
    doc = yaml.safe_load(FILE.read_text())
    checks.that(re.match(r'3\.0\.\d$', doc['openapi']), 'version')
    names = []
    for path, item in doc['paths'].items():
        for method, op in item.items():
            names.append(op['operationId'])
            content = resolved(op.get('requestBody', {}), doc).get('content', {})
            for media, body in content.items():
                checks.that(body['examples'], '%s %s: has examples' % (method, path))
                jsonschema.Draft4Validator.check_schema(body['schema'])
                judge = jsonschema.Draft4Validator(body['schema'])
                for name, example in body['examples'].items():
                    checks.same([e.message for e in judge.iter_errors(example['value'])], [], name)
                    for what, bad in bad_ones(example['value'], body['schema']):
                        checks.that(not judge.is_valid(bad), '%s %s %s is refused' % (path, name, what))
    checks.same(len(names), len(set(names)), 'operationId is unique')


def test(laboratory, checks):
    check_file(checks)
    server = api_lab.daemon(laboratory, {'nothing': {'keys': [api_lab.hashed(FORBIDDEN)], 'sign': False,
                                                    'verify': False}}, hosting={'serve': True},
                            sign={'div': True})
    env = dict(os.environ, GOPATH='/usr/share/gocode', GO111MODULE='off', GOFLAGS='', GOPROXY='off',
               GOCACHE=str(laboratory.folder / 'go-cache'))
    exe = laboratory.folder / 'client'
    subprocess.run(['go', 'build', '-o', exe, lab.SOURCE / 'tests' / 'openapi' / 'client.go'], check=True, env=env)
    run = subprocess.run([exe, FILE, '127.0.0.1:%d' % api_lab.PORT, api_lab.KEY, FORBIDDEN],
                         stdout=subprocess.PIPE, text=True)
    lines = run.stdout.strip().split('\n')
    print(lines[-1])
    checks.same(run.returncode, 0, 'the client')
    checks.that(int(lines[-1].split()[0]) > 150, 'the client has asked much', lines[-1])
    for line in lines[:-1]:
        if line.split()[-1] not in NOT_PROVOKED:
            checks.that(line.endswith(tuple(name + ' 401' for name in VIEWED)), line)
    server.stop()


if __name__ == '__main__':
    sys.exit(lab.main(test))
