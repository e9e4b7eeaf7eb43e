"""A row of a table of bench/run, which is measured once a round, and what all sections have."""
import statistics

import common
from common import CLIENT_CORE, NoFigure

YARDSTICK = []          # ('sign' or 'verify', microseconds): every time that it ran
WARM_UP = 0.1           # of a run's calls, before the first that counts
COLUMNS = ('what', 'CPU us a call', 'spread', 'ratio to raw', 'of the rounds', 'calls/s', 'p50 us', 'p99 us', 'p999 us')


class Row:
    """One measurement, repeated every round: a server, a kind of call, and how it is sent."""

    def __init__(self, name, server, kind, calls, *options, cores=None, client=CLIENT_CORE):
        self.name, self.server, self.kind, self.calls, self.options = name, server, kind, calls, options
        self.cores, self.client = cores, client
        self.seen, self.failed, self.warm = [], None, False

    def yardstick(self, bench):
        kind = 'verify' if self.kind == 'verify' else 'sign'
        YARDSTICK.append((kind, bench.raw(kind)))
        return YARDSTICK[-1][1]

    def run(self, bench, calls):
        return bench.cost(self.server, self.kind, calls, *self.options, cores=self.client)

    def once(self, bench, report):
        if self.failed:
            return
        try:
            if self.cores:
                self.server.pin(self.cores)
            if not self.warm:
                self.run(bench, max(200, int(self.calls * WARM_UP)))
                self.warm = True
            before = self.yardstick(bench)
            us, figures = self.run(bench, self.calls)
            raw = (before + self.yardstick(bench)) / 2
            self.seen.append({'us': us, 'ratio': us / raw, 'raw': raw, **figures})
        except NoFigure as why:
            self.failed = str(why)
            report.fail(self.name, why)

    def values(self, key):
        return [seen[key] for seen in self.seen]

    def median(self, key):
        return statistics.median(self.values(key))

    @property
    def good(self):
        return bool(self.seen) and not self.failed


class Section:
    """What a section is made of; the first line of its documentation is its help."""
    title, note, wanted = '', '', ''

    def __init__(self, bench, args, report):
        self.bench, self.args, self.rows, self.reporting = bench, args, [], report
        self.attempt(self.title, self.make)

    def attempt(self, what, function, *args):
        """What cannot be set up has no figure, and the rest goes on."""
        try:
            return function(*args)
        except NoFigure as why:
            self.reporting.fail(what, why)
            return None

    def make(self):
        """Servers and rows."""

    def add(self, *args, **how):
        self.rows.append(Row(*args, **how))
        return self.rows[-1]

    def report(self, report):
        report.say('## %s\n' % self.title)
        if self.note:
            report.say(self.note + '\n')
        if self.rows:
            self.costs(report)
        if self.wanted:
            report.say('\nWanted: ' + self.wanted)
        self.attempt(self.title, self.conclude, report)
        report.say()

    def costs(self, report):
        report.table(*COLUMNS)
        for row in self.rows:
            if not row.good:
                report.row(row.name, 'no figure', *[''] * (len(COLUMNS) - 2))
                continue
            ratios, crypto = row.values('ratio'), row.kind in ('sign', 'verify')
            report.row(row.name, '%.2f' % row.median('us'), '%.1f %%' % common.spread(row.values('us')),
                       '**%.2f**' % row.median('ratio') if crypto else '-',
                       '%.2f to %.2f' % (min(ratios), max(ratios)) if crypto else '-',
                       *('%.0f' % row.median(key) for key in ('rate', 'p50_us', 'p99_us', 'p999_us')))

    def conclude(self, report):
        """More than the table, where there is more to say."""

    def compare(self, report, text, above, below, wanted=''):
        """The quotient of two rows, each against the yardstick beside it, round by round."""
        if not (above and below and above.good and below.good):
            report.say('- %s: no figure' % text)
            return
        rounds = [a / b for a, b in zip(above.values('ratio'), below.values('ratio'))]
        report.say('- %s: **%.2f** (rounds %.2f to %.2f%s)' % (
            text, statistics.median(rounds), min(rounds), max(rounds), '; wanted: ' + wanted if wanted else ''))
