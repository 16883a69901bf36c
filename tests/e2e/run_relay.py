#!/usr/bin/python3
"""hivemind-run while its daemon is gone: connections reach their servers, the daemon comes back and has the run again."""
import os
import signal
import socket
import subprocess
import threading
import unittest

from fake_home import FakeHome, Original, alive, until

# Connects when told to by a line on stdin: "PORT MESSAGE"; prints what came until the end, or the error.
AGENT = """
import socket, sys
for line in sys.stdin:
    port, _, message = line.strip().partition(' ')
    try:
        s = socket.create_connection(('127.0.0.1', int(port)))
        if message: s.sendall(message.encode())
        s.shutdown(socket.SHUT_WR)
        print(repr(b''.join(iter(lambda: s.recv(65536), b''))), flush=True)
    except OSError as e:
        print(type(e).__name__, flush=True)
"""


class Agent:
    def __init__(self, home, *flags, stdin=subprocess.PIPE):
        self.process = home.start(*flags, "/usr/bin/python3", "-c", AGENT, stdin=subprocess.PIPE)

    def send(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ask(self, line):
        self.send(line)
        return self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def end(self):
        _, err = self.process.communicate(timeout=30)
        return self.process.returncode, err

    def __exit__(self, *_):
        pass  # its home ends it


class Relay(unittest.TestCase):
    def setUp(self):
        self.original = self.enterContext(Original())

    def home(self, *arguments, **more):
        home = self.enterContext(FakeHome(*arguments, **more))
        home.plan("serve", ports=[self.original.port], **more)
        return home

    def test_connections_survive_a_killed_daemon(self):
        home = self.home()
        agent = self.enterContext(Agent(home))
        self.assertEqual(agent.ask(f"{self.original.port}"), "b'daemon\\n'")
        home.plan("error")  # it cannot start again
        home.kill_daemon()
        for _ in range(5):
            self.assertEqual(agent.ask(f"{self.original.port}"), "b'original\\n'")
        home.plan("serve", ports=[self.original.port])
        until(lambda: home.daemon() and len(home.events("hello")) == 2, "the run is handed over again")
        until(lambda: agent.ask(f"{self.original.port}") == "b'daemon\\n'", "the daemon serves again")
        first, second = home.events("hello")
        self.assertEqual(first["run_id"], second["run_id"])
        status, err = agent.end()
        self.assertEqual(status, 0)
        self.assertIn("the daemon went away; until it is back connections go straight to their servers", err)
        self.assertRegex(err, r"the daemon is back after \d+\.\d s; \d+ connections went straight")

    def test_no_connection_is_refused_while_nobody_accepts(self):
        home = self.home()
        agent = self.enterContext(Agent(home))
        agent.ask(f"{self.original.port}")
        for _ in range(3):
            os.kill(home.daemon(), signal.SIGKILL)  # and at once:
            self.assertIn(agent.ask(f"{self.original.port}"), ("b'original\\n'", "b'daemon\\n'", "ConnectionResetError"))
            self.assertIn(agent.ask(f"{self.original.port}"), ("b'original\\n'", "b'daemon\\n'"))
            until(home.daemon, "a daemon runs")
        self.assertEqual(agent.end()[0], 0)

    def test_tokens_spent_are_handed_on(self):
        home = self.home(summary=[1, 0, 5, 5, 0, 0, 0, 0, 0, 777])
        process = home.start("--summary", "--token-budget=1k", "sh", "-c", "read x; exit 0", stdin=subprocess.PIPE)
        until(lambda: home.events("hello"), "the run is handed over")
        until(lambda: home.events("summary"), "the run asks for its summary")
        home.kill_daemon()
        until(lambda: len(home.events("hello")) == 2, "the run is handed over again")
        self.assertEqual([h["tokens_spent"] for h in home.events("hello")], [0, 777])
        _, err = process.communicate("\n", timeout=30)
        self.assertIn("requests  2", err)  # of both daemons
        self.assertIn("budget    777 of 1000 tokens", err)

    def test_fail_closed_waits_for_the_daemon(self):
        home = self.home()
        agent = self.enterContext(Agent(home, "--fail=closed"))
        agent.ask(f"{self.original.port}")
        home.plan("error")
        home.kill_daemon()
        until(lambda: len(home.events("start")) >= 3, "it tries to start it again")
        agent.send(f"{self.original.port}")
        home.plan("serve", ports=[self.original.port])
        self.assertEqual(agent.process.stdout.readline().strip(), "b'daemon\\n'")
        self.assertEqual(agent.end()[0], 0)

    def test_relay_carries_bytes_ends_and_resets(self):
        def serve(connection):
            received = b"".join(iter(lambda: connection.recv(65536), b""))
            if received == b"reset":
                connection.sendall(b"half")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                return
            connection.sendall(b"%d " % len(received) + bytes(range(256)) * 20000)

        self.original = self.enterContext(Original(serve))
        home = self.home()
        agent = self.enterContext(Agent(home))
        agent.ask(f"{self.original.port}")
        home.plan("error")
        home.kill_daemon()
        answer = eval(agent.ask(f"{self.original.port} {'x' * 300000}"))
        self.assertEqual(answer, b"300000 " + bytes(range(256)) * 20000)
        self.assertEqual(agent.ask(f"{self.original.port} reset"), "ConnectionResetError")
        self.assertEqual(agent.end()[0], 0)

    def test_a_slow_reader_holds_its_server_back(self):
        sent = []

        def serve(connection):
            connection.settimeout(1)
            try:
                while True:
                    sent.append(connection.send(bytes(65536)))
            except TimeoutError:
                sent.append(None)

        self.original = self.enterContext(Original(serve))
        home = self.home()
        script = f"import socket,sys; sys.stdin.readline(); s=socket.create_connection(('127.0.0.1',{self.original.port})); sys.stdin.readline()"
        process = home.start("/usr/bin/python3", "-c", script, stdin=subprocess.PIPE)
        until(lambda: home.events("hello"), "the run is handed over")
        home.plan("error")
        home.kill_daemon()
        process.stdin.write("go\n")
        process.stdin.flush()
        until(lambda: None in sent, "the server is held back")
        with open(f"/proc/{process.pid}/status") as f:
            memory = next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))
        if os.environ.get("HIVEMIND_MODE", "release") == "release":
            self.assertLess(memory, 8 * 1024, "KiB")
        process.communicate("\n", timeout=30)
        self.assertEqual(process.returncode, 0)

    def test_last_words_of_an_agent_that_ends_at_once(self):
        got, agent_ended = [], threading.Event()

        def serve(connection):
            agent_ended.wait(30)
            got.append(len(b"".join(iter(lambda: connection.recv(65536), b""))))

        self.original = self.enterContext(Original(serve))
        home = self.home()
        script = f"""
import os, socket, sys
sys.stdin.readline()
s = socket.create_connection(('127.0.0.1', {self.original.port}))
s.settimeout(0.3)
sent = 0
try:
    while True: sent += s.send(bytes(65536))
except TimeoutError:
    print(os.getpid(), sent, flush=True)
"""
        process = home.start("/usr/bin/python3", "-c", script, stdin=subprocess.PIPE)
        until(lambda: home.events("hello"), "the run is handed over")
        home.plan("error")
        home.kill_daemon()
        process.stdin.write("go\n")
        process.stdin.flush()
        pid, sent = [int(word) for word in process.stdout.readline().split()]
        until(lambda: not alive(pid), "the agent ends")
        agent_ended.set()  # only now its server begins to read
        process.communicate(timeout=30)
        until(lambda: got, "the server has it")
        self.assertEqual(got, [sent])

    def test_strangers_are_reset(self):
        home = self.home()
        agent = self.enterContext(Agent(home))
        agent.ask(f"{self.original.port}")
        home.plan("error")
        home.kill_daemon()
        with open(f"{home.runtime}/runs/{home.tables()[0]}", "rb") as f:
            port = int.from_bytes(f.read(64)[28:30], "little")
        for address in ("127.0.0.1", "127.64.0.1", "127.99.3.4"):
            with self.subTest(address), self.assertRaises(ConnectionResetError):
                with socket.create_connection((address, port), timeout=10) as stranger:
                    stranger.recv(1)
        self.assertEqual(agent.ask(f"{self.original.port}"), "b'original\\n'")

    def test_slots_are_given_back(self):
        home = self.home(hold_slots=True)
        agent = self.enterContext(Agent(home))
        accepted = lambda: sum(1 for slot in self.slots(home) if slot & 7 == 3)
        for _ in range(3):
            agent.ask(f"{self.original.port}")
        self.assertEqual(accepted(), 3)
        home.plan("serve", ports=[self.original.port])
        home.kill_daemon()
        until(lambda: accepted() == 0, "what the dead daemon held is free")

    def test_a_daemon_stopped_on_purpose_is_not_started_again(self):
        home = self.home()
        agent = self.enterContext(Agent(home))
        agent.ask(f"{self.original.port}")
        os.kill(home.daemon(), signal.SIGUSR1)
        until(lambda: agent.ask(f"{self.original.port}") == "b'original\\n'", "the relay carries")
        self.assertEqual(len(home.events("start")), 1)
        self.assertEqual(home.run("true").returncode, 0)  # somebody else starts one
        until(lambda: len(home.events("hello")) == 3, "the run uses it", 20)
        self.assertEqual(len(home.events("start")), 2)

    def slots(self, home):
        with open(f"{home.runtime}/runs/{home.tables()[0]}", "rb") as f:
            table = f.read()
        start = 4096 + 64 * 512
        return [int.from_bytes(table[i : i + 4], "little") for i in range(start, len(table), 128)]

    def test_many_runs_restart_one_daemon(self):
        home = self.home()
        agents = [self.enterContext(Agent(home)) for _ in range(8)]
        for agent in agents:
            agent.ask(f"{self.original.port}")
        home.kill_daemon()
        for agent in agents:
            self.assertIn(agent.ask(f"{self.original.port}"), ("b'original\\n'", "b'daemon\\n'"))
        until(lambda: len(home.events("hello")) == 16, "all are handed over again")
        self.assertEqual(len(home.events("start")), 2)
        for agent in agents:
            self.assertEqual(agent.end()[0], 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
