"""Runs a program under the restrictions of a systemd unit, without systemd.

    confine.py UNIT USER-ID GROUP-ID WRITABLE-FOLDER[:...] PROGRAM ARGUMENT...

What is taken from the unit: SystemCallFilter, SystemCallErrorNumber, MemoryDenyWriteExecute,
RestrictAddressFamilies, RestrictNamespaces, CapabilityBoundingSet, NoNewPrivileges, ProtectSystem,
ProtectHome, PrivateDevices, PrivateTmp's part (no other writable place), ProtectProc, ProcSubset,
LimitNOFILE, LimitCORE, LimitNICE, RestrictRealtime, UMask.  A restriction that cannot be put in force ends it: it does not run without.
"""
import ctypes
import errno
import os
import platform
import re
import resource
import socket
import struct
import subprocess
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_CAPBSET_DROP = 38, 22, 24
CLONE_NEWNS = 0x20000
NAMESPACES = 0x7e020080             # every CLONE_NEW*
LOAD, JEQ, JSET, AND, RET = 0x20, 0x15, 0x45, 0x54, 0x06
ALLOW, ERRNO = 0x7fff0000, 0x00050000
MACHINES = {'x86_64': 0xc000003e, 'aarch64': 0xc00000b7}
PROT_WRITE, PROT_EXEC = 2, 4
RLIMIT_NICE = 13


def call(done, what):
    if done != 0:
        sys.exit('confine: %s: %s' % (what, os.strerror(ctypes.get_errno())))


def read_unit(path):
    """The [Service] settings; of those that are given twice a list's parts are joined."""
    settings = {}
    for line in open(path, encoding='utf-8'):
        name, sign, value = line.strip().partition('=')
        if sign and not line.startswith('#'):
            settings.setdefault(name, []).append(value)
    return settings


def numbers():
    """Name -> number of this machine's system calls."""
    run = subprocess.run(['cc', '-E', '-dM', '-include', 'sys/syscall.h', '-x', 'c', '/dev/null'], check=True,
                         stdout=subprocess.PIPE, text=True)
    return {name: int(n) for name, n in re.findall(r'#define __NR_(\w+) (\d+)$', run.stdout, re.M)}


def expand(name):
    """A set of systemd's, with the sets in it."""
    if not name.startswith('@'):
        return {name}
    run = subprocess.run(['systemd-analyze', 'syscall-filter', name], check=True, stdout=subprocess.PIPE, text=True)
    words = [w for line in run.stdout.split('\n')[1:] for w in line.split('#')[0].split()]
    return set().union(*(expand(w) for w in words))


def allowed(lines):
    names = expand('@default')          # always allowed (systemd.exec(5))
    for line in lines:
        given = set().union(*(expand(w) for w in line.lstrip('~').split()))
        names = names - given if line.startswith('~') else names | given
    return names


def one_of(value, verdict, then):
    """If the word in hand is `value`: `then` is the verdict."""
    return [(JEQ, 0, 1, value), (RET, 0, 0, verdict if then is None else then)]


def argument(number):
    return [(LOAD, 0, 0, 16 + 8 * number)]


def rule(nr, body):
    """`body` for that system call alone; it ends by a verdict or falls through to the next rule."""
    return [(LOAD, 0, 0, 0), (JEQ, 0, len(body), nr)] + body


def program(unit):
    """A filter as systemd builds it, in one piece.  Rules of arguments come first."""
    nr, code = numbers(), []
    deny = ERRNO | getattr(errno, unit['SystemCallErrorNumber'][0])
    if unit['MemoryDenyWriteExecute'] == ['yes']:
        both = argument(2) + [(AND, 0, 0, PROT_WRITE | PROT_EXEC)] + one_of(PROT_WRITE | PROT_EXEC, None, deny)
        code += rule(nr['mmap'], both)
        for name in 'mprotect', 'pkey_mprotect':
            code += rule(nr[name], argument(2) + [(JSET, 0, 1, PROT_EXEC), (RET, 0, 0, deny)])
    families = [getattr(socket, f) for f in unit['RestrictAddressFamilies'][0].split()]
    body = argument(0)
    for place, family in enumerate(families):
        body.append((JEQ, len(families) - place, 0, family))
    code += rule(nr['socket'], body + [(RET, 0, 0, ERRNO | errno.EAFNOSUPPORT)])
    if unit['RestrictRealtime'] == ['yes']:
        code += rule(nr['sched_setscheduler'], argument(1) + [row for policy in (os.SCHED_OTHER, os.SCHED_BATCH, os.SCHED_IDLE)
                                                              for row in one_of(policy, None, ALLOW)] + [(RET, 0, 0, deny)])
    if unit['RestrictNamespaces'] == ['yes']:
        code += rule(nr['clone3'], [(RET, 0, 0, ERRNO | errno.ENOSYS)])   # its flags lie in memory
        code += rule(nr['clone'], argument(0) + [(JSET, 0, 1, NAMESPACES), (RET, 0, 0, deny)])
        for name in 'unshare', 'setns':
            code += rule(nr[name], [(RET, 0, 0, deny)])
    code += [(LOAD, 0, 0, 4), (JEQ, 1, 0, MACHINES[platform.machine()]), (RET, 0, 0, deny), (LOAD, 0, 0, 0)]
    for name in sorted(allowed(unit['SystemCallFilter'])):
        if name in nr:
            code += one_of(nr[name], None, ALLOW)
    return code + [(RET, 0, 0, deny)]


def mount(*words):
    subprocess.run(['mount', '-n', *words], check=True, stdout=subprocess.DEVNULL)


def private_files(unit, writable):
    """ProtectSystem=strict and its like, in a mount namespace of our own."""
    assert unit['ProtectSystem'] == ['strict'] and unit['PrivateDevices'] == ['yes']
    call(LIBC.unshare(CLONE_NEWNS), 'unshare')
    mount('--make-rprivate', '/')
    for folder in writable:
        mount('--bind', folder, folder)
    with open('/proc/self/mounts', encoding='utf-8') as f:
        targets = [line.split()[1].encode().decode('unicode_escape') for line in f]
    for target in targets:
        if target not in writable and not target.startswith(('/proc', '/dev', '/sys')):
            mount('-o', 'remount,bind,ro', target)
    mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/mnt')
    for name in 'null', 'zero', 'full', 'random', 'urandom':
        open('/mnt/' + name, 'wb').close()
        mount('--bind', '/dev/' + name, '/mnt/' + name)
    mount('--move', '/mnt', '/dev')
    for folder in '/root', '/home':
        mount('-t', 'tmpfs', '-o', 'mode=000,ro', 'tmpfs', folder)
    mount('-t', 'proc', '-o', 'hidepid=%s,subset=%s' % (unit['ProtectProc'][0], unit['ProcSubset'][0]), 'proc', '/proc')


def give_up(unit, uid, gid):
    assert unit['CapabilityBoundingSet'] == [''] and unit['NoNewPrivileges'] == ['yes']
    for capability in range(64):
        if LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    call(LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 'no new privileges')


def raise_niceness(limit):
    """Systemd always may; a container's root may not.  @return is it so?"""
    try:
        resource.setrlimit(RLIMIT_NICE, (limit, limit))
    except ValueError:
        return False
    return True


def main():
    unit = read_unit(sys.argv[1])
    uid, gid, writable = int(sys.argv[2]), int(sys.argv[3]), sys.argv[4].split(':')
    code = b''.join(struct.pack('=HBBI', *row) for row in program(unit))
    count = len(code) // 8
    memory = ctypes.create_string_buffer(code)
    head = struct.pack('HP', count, ctypes.addressof(memory))     # struct sock_fprog
    private_files(unit, writable)
    os.umask(int(unit['UMask'][0], 8))
    resource.setrlimit(resource.RLIMIT_CORE, (int(unit['LimitCORE'][0]),) * 2)
    files = min(int(unit['LimitNOFILE'][0]), resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    raise_niceness(20 - int(unit['LimitNICE'][0]))
    give_up(unit, uid, gid)
    call(LIBC.prctl(PR_SET_SECCOMP, 2, head, 0, 0), 'seccomp')
    os.execv(sys.argv[5], sys.argv[5:])


if __name__ == '__main__':
    main()
