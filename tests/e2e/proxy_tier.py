#!/usr/bin/python3
"""The proxy tier: programs that honour HTTPS_PROXY reach the daemon by CONNECT on the run's own listener, with the run's
secret; nobody else does, and without a daemon hivemind-run answers."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness
from fake_home import FakeHome, Original, until

HOST = "api.anthropic.com"
URL = f"https://{HOST}/v1/messages"
BODY = json.dumps({"model": "claude-sonnet-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": "say hi"}]})
HEADERS = {"x-api-key": "sk-ant-api03-fake", "anthropic-version": "2023-06-01", "content-type": "application/json"}

GO = """
package main
import ("fmt"; "io"; "net/http"; "os"; "strings")
func main() {
	request, _ := http.NewRequest("POST", os.Args[1], strings.NewReader(os.Args[2]))
	request.Header.Set("x-api-key", "sk-ant-api03-fake")
	request.Header.Set("anthropic-version", "2023-06-01")
	request.Header.Set("content-type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil { fmt.Fprintln(os.Stderr, err); os.Exit(1) }
	io.Copy(os.Stdout, answer.Body)
}
"""
NODE = """
const { EnvHttpProxyAgent, fetch } = require(process.argv[1]);
fetch(process.argv[2], { method: 'POST', body: process.argv[3], headers: JSON.parse(process.argv[4]),
  dispatcher: new EnvHttpProxyAgent() }).then(a => a.text()).then(t => console.log(t));
"""
PYTHON = """
import json, requests, sys
print(requests.post(sys.argv[1], data=sys.argv[2], headers=json.loads(sys.argv[3]), timeout=30).text)
"""
# Prints what the proxy answered to each line "SECRET TARGET" ("-": no secret).
ASK = """
import base64, os, socket, sys, urllib.parse
proxy = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
for line in sys.stdin:
    secret, target, said = line.rstrip("\\n").split(" ", 2)
    secret = {"-": None, "right": proxy.password}.get(secret, secret)
    said = {"": f"CONNECT {target} HTTP/1.1\\r\\nHost: {target}\\r\\n"}.get(said, said.replace("|", "\\r\\n"))
    authorization = f"Proxy-Authorization: Basic {base64.b64encode(f'hivemind:{secret}'.encode()).decode()}\\r\\n"
    try:
        with socket.create_connection((proxy.hostname, proxy.port), timeout=20) as s:
            s.sendall((said + (authorization if secret else "") + "\\r\\n").encode())
            print(s.recv(4096).partition(b"\\r\\n")[0].decode() or "end", flush=True)
    except OSError as error:
        print(type(error).__name__, flush=True)
"""

setUpModule = harness.enter


class Proxy(harness.Case):
    def world(self):
        mock = self.mock(tls=(HOST,))
        home = self.home(harness.route(HOST, mock, dialect="anthropic"))
        home.up()
        return mock, home

    def carried(self, *command, options=("--capture=proxy",), env=None):
        trap = self.trap()
        mock, home = self.world()
        done = home.run(*command, options=[*options, "--explain", "--summary"], env=env)
        self.assertEqual(done.returncode, 0, done.describe())
        self.assertEqual(json.loads(done.out())["type"], "message", done.describe())
        self.assertRegex(done.err(), r"requests +1\b")
        self.assertEqual(trap.seen, [])
        return done

    def test_curl(self):
        headers = [part for name, value in HEADERS.items() for part in ("-H", f"{name}: {value}")]
        done = self.carried("curl", "-sS", "--max-time", "40", URL, "-d", BODY, *headers)
        self.assertRegex(done.err(), r"curl +proxy +1 ")

    def test_python_requests(self):
        self.carried("/usr/bin/python3", "-c", PYTHON, URL, BODY, json.dumps(HEADERS))

    def test_node_undici(self):
        harness.need("node", "npm")
        root = subprocess.run(["npm", "root", "-g"], capture_output=True, text=True, timeout=60).stdout.strip()
        undici = f"{root}/npm/node_modules/undici"
        if not os.path.isdir(undici):
            raise unittest.SkipTest("npm brings no undici here")
        self.carried("node", "-e", NODE, undici, URL, BODY, json.dumps(HEADERS))

    def test_a_static_go_program(self):
        harness.need("go")
        folder = self.folder()
        with open(f"{folder}/ask.go", "w") as f:
            f.write(GO)
        subprocess.run(["go", "build", "-o", f"{folder}/ask", f"{folder}/ask.go"], check=True, timeout=300,
                       env={**os.environ, "CGO_ENABLED": "0", "GO111MODULE": "off", "GOCACHE": f"{folder}/cache"})
        done = self.carried(f"{folder}/ask", URL, BODY)
        self.assertRegex(done.err(), r"ask +proxy +1 ")

    def said(self, *lines):
        file = self.enterContext(tempfile.TemporaryFile("w+"))
        file.write("\n".join(lines) + "\n")
        file.seek(0)
        return file

    def ask(self, home, *lines, options=("--capture=proxy",)):
        done = home.run("/usr/bin/python3", "-c", ASK, options=options, stdin=self.said(*lines))
        self.assertEqual(done.returncode, 0, done.describe())
        return done.out().splitlines()

    def test_who_is_let_in(self):
        server = self.server(lambda s: s.close())
        mock, home = self.world()
        there = f"{server.address}:{server.port}"
        get = f"GET http://{HOST}/ HTTP/1.1|Host: {HOST}|"
        cases = [(f"right {there} ", "HTTP/1.1 200 Connection established"),
                 (f"- {there} ", "HTTP/1.1 407 Proxy Authentication Required"),
                 (f"wrong {there} ", "HTTP/1.1 407 Proxy Authentication Required"),
                 (f"{'0' * 32} {there} ", "HTTP/1.1 407 Proxy Authentication Required"),
                 (f"right - {get}", "HTTP/1.1 501 Not Implemented"),
                 (f"- - {get}", "HTTP/1.1 407 Proxy Authentication Required"),
                 (f"right {HOST} ", "HTTP/1.1 400 Bad Request"),
                 ("right no.such.name.invalid:443 ", "HTTP/1.1 502 Bad Gateway"),
                 (f"right {HOST}:443 ", "HTTP/1.1 200 Connection established"),
                 (f"right {HOST}:443 CONNECT {HOST}:443 HTTP/1.0|", "HTTP/1.1 200 Connection established"),
                 ("right - nonsense|", "HTTP/1.1 400 Bad Request")]
        self.assertEqual(self.ask(home, *[line for line, _ in cases]), [answer for _, answer in cases])

    def test_the_next_daemon_lets_the_run_in_again(self):
        mock, home = self.world()
        before = home.daemon()
        headers = " ".join(f"-H '{name}: {value}'" for name, value in HEADERS.items())
        ask = f"curl -sS --fail --max-time 40 -o /dev/null {URL} -d '{BODY}' {headers}"
        told, tell = os.pipe()
        process = home.start("sh", "-c", f"{ask}; read line; {ask} && echo again", options=["--capture=proxy"], stdin=told)
        os.close(told)
        harness.until(lambda: mock.stats()["completed"] == 1, "the first answer")
        os.kill(before, signal.SIGKILL)
        harness.until(lambda: home.daemon() not in (None, before) and "sh" in home.control("runs").stdout, "the run is handed over again")
        os.write(tell, b"go\n")
        os.close(tell)
        self.assertEqual(process.wait(60), 0, process.describe())
        self.assertEqual(process.out(), "again\n")
        self.assertEqual(mock.stats()["completed"], 2)

    def test_no_proxy_without_the_tier(self):
        _, home = self.world()
        done = home.run("sh", "-c", 'echo "${HTTPS_PROXY-none} ${NO_PROXY-none}"')
        self.assertEqual(done.out(), "none none\n")

    def test_another_user_is_refused_even_with_the_secret(self):
        if os.getuid() != 0:
            raise unittest.SkipTest("becoming another user needs root")
        _, home = self.world()
        program = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-c", ASK]
        done = home.run(*program, options=["--capture=proxy"], stdin=self.said(f"right {HOST}:443 "))
        self.assertIn(done.out().strip(), ("ConnectionResetError", "BrokenPipeError"), done.describe())

    def test_the_users_own_settings(self):
        _, home = self.world()
        show = ["sh", "-c", 'echo "$HTTPS_PROXY $NO_PROXY $no_proxy $NODE_USE_ENV_PROXY"']
        done = home.run(*show, options=["--capture=proxy"], env={"NO_PROXY": "intra.example"})
        self.assertRegex(done.out(), r"^http://hivemind:[0-9a-f]{32}@127.0.0.1:\d+ intra.example,localhost,127.0.0.1,::1 "
                                     r"intra.example,localhost,127.0.0.1,::1 1\n$")
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
            done = home.run("sh", "-c", f"echo ${name}", options=["--capture=proxy"], env={name: "http://own:1"})
            self.assertEqual(done.out(), "http://own:1\n")
            self.assertIn(f"--capture=proxy cannot be had: {name} names a proxy of your own; running sh without HiveMind", done.err())
        done = home.run("sh", "-c", "echo $HTTPS_PROXY", env={"HTTPS_PROXY": "http://own:1"})
        self.assertEqual(done.out(), "http://own:1\n")
        self.assertIn("HTTPS_PROXY names a proxy of your own: what honours it goes there, past HiveMind", done.err())
        done = home.run("true", options=["--capture=proxy", "--fail=closed"], env={"HTTPS_PROXY": "http://own:1"})
        self.assertEqual(done.returncode, 125)


class LastResort(unittest.TestCase):
    def test_auto_takes_it_when_nothing_else_can_be_had(self):
        home = self.enterContext(FakeHome())  # without hivemind-ebpf
        with open(f"{home.folder}/static.c", "w") as f:
            f.write('#include <stdio.h>\n#include <stdlib.h>\nint main(void) { return puts(getenv("HTTPS_PROXY") ? "proxy" : "none") < 0; }\n')
        subprocess.run(["gcc", "-static", f"{home.folder}/static.c", "-o", f"{home.folder}/static"], check=True, timeout=60)
        if "cannot be had" in home.run("--capture=seccomp", "true").stderr:
            raise unittest.SkipTest("no seccomp supervision here, which the inner run must not get")
        done = home.run("--capture=seccomp", home.program, "--explain", f"{home.folder}/static")
        self.assertEqual(done.stdout, "proxy\n", done.stderr)
        self.assertIn("tier proxy: it is a static program", done.stderr)
        done = home.run("--capture=seccomp", home.program, "--explain", f"{home.folder}/static", env={"HTTPS_PROXY": "http://own:1"})
        self.assertIn("it runs uncaptured, only programs it starts may be captured", done.stderr)
        self.assertIn("no seccomp: somebody already supervises", done.stderr)
        self.assertIn("no proxy: HTTPS_PROXY names a proxy of your own", done.stderr)


class Relayed(unittest.TestCase):
    def test_without_a_daemon_hivemind_run_answers(self):
        original = self.enterContext(Original())
        home = self.enterContext(FakeHome())
        home.plan("serve", ports=[original.port])
        process = home.start("--capture=proxy", "/usr/bin/python3", "-c", ASK, stdin=subprocess.PIPE)

        def ask(line):
            process.stdin.write(line + "\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        ask(f"right localhost:{original.port} ")  # the run is up; the fake daemon takes no CONNECT
        home.plan("error")
        home.kill_daemon()
        there = f"localhost:{original.port}"
        self.assertEqual(ask(f"right {there} "), "HTTP/1.1 200 Connection established")
        self.assertEqual(ask(f"wrong {there} "), "HTTP/1.1 407 Proxy Authentication Required")
        self.assertEqual(ask(f"- {there} "), "HTTP/1.1 407 Proxy Authentication Required")
        self.assertEqual(ask("right no.such.name.invalid:443 "), "HTTP/1.1 502 Bad Gateway")
        self.assertEqual(ask("right - GET http://x/ HTTP/1.1|Host: x|"), "HTTP/1.1 501 Not Implemented")
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0)

    def test_bytes_are_carried_both_ways(self):
        original = self.enterContext(Original(lambda s: s.sendall(b"heard " + s.recv(100))))
        home = self.enterContext(FakeHome())
        client = ("import os, socket, sys, base64, urllib.parse\n"
                  "input()\n"
                  "p = urllib.parse.urlsplit(os.environ['HTTPS_PROXY'])\n"
                  "s = socket.create_connection((p.hostname, p.port))\n"
                  "a = base64.b64encode(f'hivemind:{p.password}'.encode()).decode()\n"
                  "s.sendall(f'CONNECT localhost:{sys.argv[1]} HTTP/1.1\\r\\nproxy-authorization:  Basic {a}\\r\\n\\r\\nearly'.encode())\n"
                  "s.shutdown(socket.SHUT_WR)\n"
                  "print(b''.join(iter(lambda: s.recv(4096), b'')))")
        process = home.start("--capture=proxy", "/usr/bin/python3", "-c", client, str(original.port), stdin=subprocess.PIPE)
        until(lambda: home.events("hello"), "the run is handed over")
        home.plan("error")
        home.kill_daemon()
        out, err = process.communicate("go\n", timeout=30)
        self.assertEqual(out, "b'HTTP/1.1 200 Connection established\\r\\n\\r\\nheard early'\n", err)


if __name__ == "__main__":
    harness.main()
