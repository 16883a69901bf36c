"""A user whose hivemindd is tests/e2e/fake_hivemindd: hivemind-run is copied beside it, because it looks there."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get("HIVEMIND_BUILD", os.path.join(HERE, "../../build")))


def until(condition, what, seconds=15.0):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.01)
    return value


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(n) for n in f.read().split()]


def kill_tree(pid):
    """A process and what descends from it: stopped first, so that nothing new comes while we look."""
    try:
        os.kill(pid, signal.SIGSTOP)
        below = children(pid)
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, FileNotFoundError):
        return
    for child in below:
        kill_tree(child)


class Original:
    """A server that answers every connection with one line, or echoes: where connections go without a daemon."""

    def __init__(self, serve=None):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.socket.getsockname()[1]
        self.serve = serve or (lambda connection: connection.sendall(b"original\n"))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                self.serve(connection)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class FakeHome:
    def __init__(self, mode="serve", folder_name="home", **plan):
        self.base = tempfile.mkdtemp(prefix="hm-run-")
        self.folder = os.path.join(self.base, folder_name)
        self.runtime, self.state = f"{self.folder}/run", f"{self.folder}/state"
        for path in ("bin", "lib", "run", "state", "user"):
            os.makedirs(f"{self.folder}/{path}", 0o700)
        shutil.copy2(f"{BUILD}/bin/hivemind-run", f"{self.folder}/bin/hivemind-run")
        shutil.copy2(f"{HERE}/fake_hivemindd", f"{self.folder}/bin/hivemindd")
        shutil.copy2(f"{BUILD}/lib/libhivemind-preload.so", f"{self.folder}/lib/libhivemind-preload.so")
        self.started = []
        self.program = f"{self.folder}/bin/hivemind-run"
        self.plan(mode, **plan)
        self.env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": f"{self.folder}/user", "LANG": "C.UTF-8",
                    "HIVEMIND_RUNTIME_DIR": self.runtime, "HIVEMIND_STATE_DIR": self.state,
                    **{name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ}}

    def plan(self, mode, **more):
        with open(f"{self.state}/fake.json", "w") as f:
            json.dump({"mode": mode, **more}, f)

    def command(self, *arguments):
        return [self.program, *arguments]

    def run(self, *arguments, env=None, timeout=60, **more):
        return subprocess.run(self.command(*arguments), env={**self.env, **(env or {})}, capture_output=True, text=True,
                              timeout=timeout, **{"stdin": subprocess.DEVNULL, **more})

    def start(self, *arguments, env=None, **more):
        process = subprocess.Popen(self.command(*arguments), env={**self.env, **(env or {})}, text=True,
                                   **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more})
        self.started.append(process)
        return process

    def events(self, kind):
        try:
            with open(f"{self.state}/fake.log") as f:
                return [event for line in f if (event := json.loads(line))["event"] == kind]
        except FileNotFoundError:
            return []

    def daemon(self):
        """The pid of the daemon that runs, or None."""
        return next((event["pid"] for event in reversed(self.events("start")) if alive(event["pid"])), None)

    def kill_daemon(self):
        pid = self.daemon()
        os.kill(pid, signal.SIGKILL)
        until(lambda: not alive(pid), "the daemon dies")

    def tables(self):
        return os.listdir(f"{self.runtime}/runs") if os.path.isdir(f"{self.runtime}/runs") else []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.started:
            if process.poll() is None:
                kill_tree(process.pid)
                process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe:
                    pipe.close()
        deadline = time.monotonic() + 5
        while (pid := self.daemon()) and time.monotonic() < deadline:
            os.kill(pid, signal.SIGKILL)
            until(lambda: not alive(pid), "the daemon dies")
        shutil.rmtree(self.base, ignore_errors=True)
