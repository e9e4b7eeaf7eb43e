"""Ten thousand calls of each kind leave nothing behind.

In a sanitizer build the leak check at the end is the judge; else the resident
memory of the servers, which must not grow between 10,000 and 100,000 calls.
"""
import lab
import soak


def test(laboratory, checks):
    bench = soak.Bench(laboratory)
    if soak.is_sanitizer_build():
        bench.each_kind(10000, 200, checks)
    else:
        bench.each_kind(200, 100, checks)
        bench.growth(10000, 100000, checks)
    bench.stop(checks)


if __name__ == '__main__':
    lab.main(test)
