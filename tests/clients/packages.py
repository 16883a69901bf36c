"""The npm packages of package.json, installed into BUILD/clients when they are missing or package.json has changed.

Invariant: a copy of package.json lies in the folder only once all that it names is installed.
"""
import fcntl
import os
import subprocess

import harness

WANTED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "package.json")
FOLDER = os.path.join(harness.BUILD, "clients")
_failure = None


def _text(path):
    try:
        with open(path) as f:
            return f.read()
    except FileNotFoundError:
        return None


def install():
    """Never raises: what could not be installed fails the tests that need it (`installed`), not the others."""
    global _failure
    wanted, done = _text(WANTED), os.path.join(FOLDER, ".installed.json")
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(FOLDER, ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _text(done) == wanted:
            return
        with open(os.path.join(FOLDER, "package.json"), "w") as f:
            f.write(wanted)
        try:
            ran = subprocess.run(["npm", "install", "--prefix", FOLDER, "--no-audit", "--no-fund", "--no-package-lock"],
                                 capture_output=True, text=True, timeout=400)
        except (OSError, subprocess.TimeoutExpired) as error:
            _failure = repr(error)
            return
        if ran.returncode != 0:
            _failure = ran.stderr[-3000:]
            return
        with open(done, "w") as f:
            f.write(wanted)


def installed():
    """The folder for NODE_PATH."""
    if _failure:
        raise AssertionError(f"npm install of tests/clients/package.json failed: {_failure}")
    return os.path.join(FOLDER, "node_modules")
