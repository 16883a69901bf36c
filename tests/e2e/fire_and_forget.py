#!/usr/bin/python3
"""A program that sends, closes and ends before the daemon gets to accept has sent: its bytes arrive."""
import os
import signal
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness

SEND = "import socket, sys\ns = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\ns.sendall(b'logged')\ns.close()"


class FireAndForget(harness.Case):
    def test_what_was_sent_before_the_end_arrives(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(20)
            port = server.getsockname()[1]
            home = self.home(ports=[port])
            daemon = home.up()
            # The program waits until the daemon has stopped; it is the run that begins before.
            wait = f"import os, time\nwhile open('/proc/{daemon}/stat').read().rsplit(')')[1].split()[0] != 'T': time.sleep(0.01)\n"
            agent = home.start("/usr/bin/python3", "-c", wait + SEND, str(port))
            harness.until(lambda: home.status()["runs"], "the run is handed over")
            os.kill(daemon, signal.SIGSTOP)
            try:
                self.assertEqual(agent.wait(20), 0, agent.describe())
            finally:
                os.kill(daemon, signal.SIGCONT)
            connection, _ = server.accept()
            connection.settimeout(20)
            with connection:
                self.assertEqual(b"".join(iter(lambda: connection.recv(100), b"")), b"logged")


if __name__ == "__main__":
    harness.main()
