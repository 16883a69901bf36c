#!/usr/bin/python3
"""hivemindctl doctor tells the truth: everything works, then one thing is broken at a time and its line says so."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness

PROGRAMS = ("hivemind-run", "hivemindctl", "hivemindd")


class Machine:
    """HiveMind installed in a folder of its own, where it can be broken."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="hm-doctor-")
        os.chmod(self.folder, 0o755)
        self.object = f"{self.folder}/lib/libhivemind-preload.so"
        for path in ("bin", "lib", "run", "state", "home"):
            os.mkdir(f"{self.folder}/{path}", 0o700 if path in ("run", "state", "home") else 0o755)
        for name in PROGRAMS:
            shutil.copy2(harness.program(name), f"{self.folder}/bin/{name}")
        shutil.copy2(f"{harness.BUILD}/lib/libhivemind-preload.so", self.object)
        self.config = f"{self.folder}/hivemind.toml"
        with open(self.config, "w") as f:
            f.write("ports = [443]\n")
        self.env = {"PATH": "/usr/bin:/bin", "HOME": f"{self.folder}/home", "LANG": "C.UTF-8",
                    "HIVEMIND_RUNTIME_DIR": f"{self.folder}/run", "HIVEMIND_STATE_DIR": f"{self.folder}/state",
                    "HIVEMIND_CONFIG": self.config,
                    **{name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ}}

    def doctor(self, *arguments, env=None, before=(), json_too=True):
        """Exit status, {check: (state, said)} and the program part."""
        command = [*before, f"{self.folder}/bin/hivemindctl", "doctor", *(["--json"] if json_too else []), *arguments]
        done = subprocess.run(command, env={**self.env, **(env or {})}, capture_output=True, text=True, timeout=90)
        if not json_too:
            return done
        answer = json.loads(done.stdout)
        return done.returncode, {f["check"]: (f["state"], f["said"]) for f in answer["findings"]}, answer["program"]

    def describe(self):
        return self.doctor(json_too=False).stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run([f"{self.folder}/bin/hivemindctl", "stop", "--wait"], env=self.env, capture_output=True, timeout=60)
        shutil.rmtree(self.folder, ignore_errors=True)


class Doctor(harness.Case):
    def machine(self):
        return self.using(Machine())

    def only(self, machine, check, state, said, status=1, **more):
        """`check` is in `state` and says `said`; nothing else is broken."""
        returned, findings, _ = machine.doctor(**more)
        self.assertEqual(findings[check][0], state, findings)
        self.assertIn(said, findings[check][1])
        others = {name: found for name, found in findings.items() if found[0] == "broken" and name != check}
        self.assertEqual((returned, others), (status, {}))

    def test_all_is_well(self):
        machine = self.machine()
        status, findings, program = machine.doctor()
        self.assertEqual((status, program), (0, None), findings)
        for check in ("kernel", "directories", "preload", "trust", "daemon", "config", "proxy"):
            self.assertEqual(findings[check][0], "ok", findings)
        self.assertIn("loads", findings["preload"][1])
        self.assertIn("none runs", findings["daemon"][1])
        self.assertEqual(os.listdir(f"{machine.folder}/run/runs"), [])
        subprocess.run([f"{machine.folder}/bin/hivemind-run", "true"], env=machine.env, check=True, timeout=60)
        status, findings, _ = machine.doctor()
        self.assertEqual((status, findings["daemon"]), (0, ("ok", "runs")), findings)
        self.assertIn("good until 20", findings["certificates"][1])
        text = machine.doctor(json_too=False)
        self.assertRegex(text.stdout, r"(?m)^preload +ok +/.*loads$")
        self.assertTrue(text.stdout.endswith("\nnothing is broken\n"), text.stdout)

    def test_the_object_is_missing(self):
        machine = self.machine()
        os.unlink(machine.object)
        self.only(machine, "preload", "broken", "is neither in")

    def test_the_object_does_not_load(self):
        machine = self.machine()
        with open(machine.object, "wb") as f:
            f.write(b"not an object")
        self.only(machine, "preload", "broken", "programs do not load it")

    def test_the_object_cannot_be_read(self):
        if os.getuid() != 0:
            raise unittest.SkipTest("becoming another user needs root")
        machine = self.machine()
        os.chmod(machine.object, 0o600)
        for path in ("run", "state", "home"):
            os.chown(f"{machine.folder}/{path}", 65534, 65534)
        self.only(machine, "preload", "broken", "Permission denied",
                  before=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])

    def test_the_runtime_directory_is_not_ours_alone(self):
        machine = self.machine()
        os.chmod(f"{machine.folder}/run", 0o777)
        status, findings, _ = machine.doctor()
        self.assertEqual(status, 1)
        self.assertEqual(findings["directories"][0], "broken")
        self.assertIn("is open to other users", findings["directories"][1])
        os.chmod(f"{machine.folder}/run", 0o700)
        if os.getuid() == 0:
            os.chown(f"{machine.folder}/run", 65534, 65534)
            self.assertIn("belongs to another user", machine.doctor()[1]["directories"][1])

    def test_the_configuration_is_wrong(self):
        machine = self.machine()
        with open(machine.config, "w") as f:
            f.write("prots = [443]\n")
        self.only(machine, "config", "broken", "prots")
        os.unlink(machine.config)
        self.only(machine, "config", "broken", "hivemind.toml")

    def test_the_daemon_is_missing(self):
        machine = self.machine()
        os.unlink(f"{machine.folder}/bin/hivemindd")
        status, findings, _ = machine.doctor()
        self.assertEqual((status, findings["daemon"][0], findings["hivemindd"][0]), (1, "broken", "broken"))

    def test_the_certificates_are_damaged(self):
        machine = self.machine()
        os.mkdir(f"{machine.folder}/state/ca", 0o700)
        with open(f"{machine.folder}/state/ca/generation-1.pem", "w") as f:
            f.write("no certificate\n")
        self.only(machine, "certificates", "broken", "generation-1.pem")

    def test_without_cgroup2(self):
        machine = self.machine()
        before = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /sys/fs/cgroup && exec "$@"', "sh"]
        if subprocess.run([*before, "true"], capture_output=True, timeout=30).returncode != 0:
            raise unittest.SkipTest("hiding the cgroups needs root")
        self.only(machine, "cgroup2", "note", "not mounted", status=0, before=before)

    def test_without_the_ebpf_helper(self):
        self.only(self.machine(), "ebpf", "note", "hivemind-ebpf", status=0)

    def test_the_ebpf_helper_has_no_rights(self):
        helper = f"{harness.BUILD}/bin/hivemind-ebpf"
        if not os.path.exists(helper):
            raise unittest.SkipTest("hivemind-ebpf is not built")
        if os.getuid() != 0:
            raise unittest.SkipTest("becoming another user needs root")
        machine = self.machine()
        shutil.copy(helper, f"{machine.folder}/bin/hivemind-ebpf")
        for path in ("run", "state", "home"):
            os.chown(f"{machine.folder}/{path}", 65534, 65534)
        self.only(machine, "ebpf", "note", "setcap cap_bpf,cap_net_admin", status=0,
                  before=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])

    def test_inside_another_supervisor(self):
        machine = self.machine()
        before = [f"{machine.folder}/bin/hivemind-run", "--capture=seccomp"]
        if machine.doctor()[1]["seccomp"][0] != "ok":
            raise unittest.SkipTest("no seccomp supervision here")
        self.only(machine, "seccomp", "note", "already supervises", status=0, before=before)

    def test_what_the_environment_says(self):
        machine = self.machine()
        self.only(machine, "environment", "broken", "HIVEMIND_DISABLE=1", env={"HIVEMIND_DISABLE": "1"})
        self.only(machine, "environment", "note", "HTTPS_PROXY is set", status=0, env={"HTTPS_PROXY": "http://own:1"})
        self.only(machine, "proxy", "note", "HTTPS_PROXY names a proxy of your own", status=0,
                  env={"HTTPS_PROXY": "http://own:1"})

    def test_commands(self):
        machine = self.machine()
        status, _, program = machine.doctor("sh", "-c", "true", "--json")
        self.assertEqual((status, program["tier"], program["not_covered"]), (0, "preload", ""))
        self.assertIn("static and Go programs that it starts", [one["what"] for one in program["uncovered"]])
        status, _, program = machine.doctor("no-such-command")
        self.assertEqual((status, program["problem"]), (1, "no-such-command: command not found"))
        with open(f"{machine.folder}/static.c", "w") as f:
            f.write("int main(void) { return 0; }\n")
        static = f"{machine.folder}/static"
        subprocess.run(["gcc", "-static", f"{machine.folder}/static.c", "-o", static], check=True, timeout=60)
        _, findings, program = machine.doctor(static)
        self.assertEqual(program["tier"], "seccomp" if findings["seccomp"][0] == "ok" else "proxy")
        self.assertIn("static program", program["reason"])
        text = machine.doctor(static, json_too=False).stdout
        self.assertIn(f"{static} is a static program", text)
        self.assertIn("stays uncaptured:", text)


if __name__ == "__main__":
    harness.main()
