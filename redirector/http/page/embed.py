#!/usr/bin/env python3
"""Builds the live page's files into the program: embed.py OUT index.html FILE...

Each file gets a path with a hash of its content, so that a browser may keep it for ever;
`{{page.css}}` in index.html becomes the path of page.css.
"""
import hashlib
import pathlib
import sys

TYPES = {'.html': 'text/html; charset=utf-8', '.css': 'text/css; charset=utf-8',
         '.js': 'text/javascript; charset=utf-8', '.svg': 'image/svg+xml'}


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def rows(data):
    """C text of the bytes, twenty in a line."""
    for at in range(0, len(data), 20):
        yield '\t' + ', '.join('%d' % byte for byte in data[at:at + 20]) + ',\n'


def main(out, index, *names):
    files = []
    page = pathlib.Path(index).read_text()
    for name in map(pathlib.Path, names):
        data = name.read_bytes()
        path = '/page/%s-%s%s' % (name.stem, digest(data), name.suffix)
        if '{{%s}}' % name.name not in page:
            sys.exit('%s does not name %s' % (index, name.name))
        page = page.replace('{{%s}}' % name.name, path)
        files.append((path, name.suffix, data))
    if '{{' in page:
        sys.exit('%s names a file that is not given' % index)
    files.insert(0, ('/', '.html', page.encode()))
    with open(out, 'w', encoding='ascii') as c:
        c.write('/* Made by embed.py. */\n#include "redirector/http/page.h"\n\n')
        for number, (_, _, data) in enumerate(files):
            c.write('static const unsigned char file_%d[] = {\n' % number)
            c.writelines(rows(data))
            c.write('};\n\n')
        c.write('const struct page_asset page_assets[] = {\n')
        for number, (path, suffix, data) in enumerate(files):
            c.write('\t{ "%s", "%s", "\\"%s\\"",\n\t  { (const char *)file_%d, sizeof(file_%d) } },\n'
                    % (path, TYPES[suffix], digest(data), number, number))
        c.write('};\n\nconst size_t page_asset_count = %d;\n' % len(files))


if __name__ == '__main__':
    main(*sys.argv[1:])
