"""Programs a test starts: their output is kept in files, every wait has a deadline, and nothing outlives the test.

Invariant: a Process is reaped before its context ends, and the kernel kills it should the test itself be killed.
"""
import ctypes
import os
import signal
import subprocess
import time

libc = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1


class Timeout(AssertionError):
    """Something that had to happen did not, in the time it had."""


def until(condition, what, seconds=10.0, every=0.01):
    """Polls until `condition()` is true and returns what it gave; fails naming `what` when `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Timeout(f"not within {seconds:g} s: {what}")
        time.sleep(every)


def gone(pid):
    """True when no such process runs (a zombie does not run)."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def end(pid, what, seconds=10.0):
    """SIGTERM, then SIGKILL, to one process that need not be our child."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        try:
            until(lambda: gone(pid), f"{what} ends", seconds)
            return
        except Timeout:
            continue


def memory(pid, field="VmRSS"):
    """Bytes of VmRSS, VmHWM … of a process."""
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    raise KeyError(field)


def cpu(pid):
    """Seconds on a CPU of all threads of a process: field 1 of schedstat, in nanoseconds."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat") as f:
            total += int(f.read().split()[0])
    return total / 1e9


class Process:
    def __init__(self, command, folder, name=None, env=None, cwd=None, stdin=subprocess.DEVNULL, pass_fds=(), user=None):
        self.name = name or os.path.basename(command[0])
        self.command = [str(part) for part in command]
        stem = os.path.join(folder, f"{self.name}-{time.monotonic_ns()}")
        self.out_path, self.err_path = stem + ".out", stem + ".err"
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.popen = subprocess.Popen(
                self.command, env=env, cwd=cwd, stdin=stdin, stdout=out, stderr=err, pass_fds=pass_fds, user=user,
                preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))

    @property
    def pid(self):
        return self.popen.pid

    def out(self):
        return _text(self.out_path)

    def err(self):
        return _text(self.err_path)

    def wait(self, seconds=30.0):
        """The exit status (negative: the signal). Fails with both outputs when it takes longer."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Timeout(f"{self.name} still runs after {seconds:g} s\n{self.describe()}") from None

    def stop(self, seconds=10.0):
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.popen.poll() is not None:
                return
            self.popen.send_signal(number)
            try:
                self.popen.wait(seconds)
            except subprocess.TimeoutExpired:
                continue

    def describe(self):
        return (f"--- {' '.join(self.command)[:400]} -> {self.popen.poll()}\n"
                f"--- stdout\n{self.out()[-4000:]}\n--- stderr\n{self.err()[-4000:]}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def _text(path):
    with open(path, errors="replace", newline="") as f:  # as it is: a head ends its lines with CRLF
        return f.read()
