#!/usr/bin/python3
"""hivemind-mock on the wire: what it does to connections is what its flags say, and what it counts is what it did."""
import json
import os
import re
import socket
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import harness  # noqa: E402

BODY = json.dumps({"model": "claude-sonnet-4-5", "max_tokens": 64, "stream": True,
                   "messages": [{"role": "user", "content": "hi"}]}).encode()


def post(path="/v1/messages", body=BODY, headers=b"x-api-key: k\r\n"):
    return (b"POST " + path.encode() + b" HTTP/1.1\r\nHost: api.anthropic.com\r\n" + headers +
            b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body)


def connect(mock):
    raw = socket.create_connection((mock.address, mock.port), timeout=10)
    if not mock.ca:
        return raw
    context = ssl.create_default_context(cafile=mock.ca)
    return context.wrap_socket(raw, server_hostname="localhost", suppress_ragged_eofs=False)


def read_all(connection):
    """(bytes, how it ended): "end" for an orderly end, "reset" for an RST."""
    received = b""
    while True:
        try:
            piece = connection.recv(65536)
        except ConnectionResetError:
            return received, "reset"
        except ssl.SSLEOFError:  # Python's name, under TLS, for a reset as well as for an end without close_notify
            return received, "reset"
        if not piece:
            return received, "end"
        received += piece


class Faults(harness.Case):
    def ended(self, fault, body=BODY, **more):
        mock = self.mock("--script", fault, **more)
        with connect(mock) as connection:
            connection.sendall(post(body=body))
            received, how = read_all(connection)
        return received, how, mock

    def test_resets_are_resets(self):
        for fault, begins, contains, lacks in (
                ("reset", b"", b"", b"HTTP"),
                ("reset-after-head", b"HTTP/1.1 200", b"\r\n\r\n", b"message_start"),
                ("reset-mid-stream", b"HTTP/1.1 200", b"text_delta", b"message_stop")):
            for tls in ((), ("localhost",)):
                with self.subTest(fault=fault, tls=bool(tls)):
                    received, how, mock = self.ended(fault, tls=tls)
                    self.assertEqual(how, "reset")
                    self.assertTrue(received.startswith(begins), received)
                    self.assertIn(contains, received)
                    self.assertNotIn(lacks, received)
                    self.assertEqual(mock.stats()["faults"], {fault: 1})

    def test_a_sized_answer_breaks_too(self):
        body = BODY.replace(b'"stream": true, ', b"")
        for fault, want in (("reset-mid-stream", "reset"), ("truncate", "end")):
            with self.subTest(fault=fault):
                received, how, _ = self.ended(fault, body)
                self.assertEqual(how, want)
                head, _, rest = received.partition(b"\r\n\r\n")
                promised = int(re.search(rb"Content-Length: (\d+)", head)[1])
                self.assertTrue(0 < len(rest) < promised)

    def test_close_and_truncation_are_orderly_ends(self):
        received, how, _ = self.ended("close")
        self.assertEqual((received, how), (b"", "end"))
        received, how, _ = self.ended("truncate")
        self.assertEqual(how, "end")
        self.assertFalse(received.endswith(b"0\r\n\r\n"))
        last = received.rpartition(b"\r\n")[2]
        self.assertGreater(int(re.findall(rb"\r\n([0-9a-f]+)\r\n", received)[-1], 16), len(last))

    def test_overloaded_event_comes_before_content(self):
        mock = self.mock("--script", "stream-overloaded")
        status, body = mock.ask("POST", "/v1/messages", BODY)
        self.assertEqual(status, 200)
        self.assertIn(b"overloaded_error", body)
        self.assertNotIn(b"content_block", body)

    def test_a_stall_lasts_until_the_client_leaves(self):
        mock = self.mock("--script", "stall,stall-before-head")
        for received_something in (True, False):
            with connect(mock) as connection:
                connection.sendall(post())
                harness.until(lambda: mock.stats()["in_flight"] == 1, "the stalled exchange is under way")
                if received_something:
                    self.assertIn(b"200 OK", connection.recv(65536))
            harness.until(lambda: mock.stats()["in_flight"] == 0, "the stall ends with its client")

    def test_statuses_and_delays(self):
        mock = self.mock("--script", "429:2s,429:none,529,502,503,spend-cap,500")
        seen = []
        for _ in range(7):
            connection = mock.connection()
            connection.request("POST", "/v1/messages", BODY)
            answer = connection.getresponse()
            seen.append((answer.status, answer.getheader("retry-after"), answer.getheader("content-type"),
                         b"enforced_spend_limit_reached" in answer.read()))
            connection.close()
        json_type = "application/json"
        self.assertEqual(seen, [(429, "2", json_type, False), (429, None, json_type, False),
                                (529, None, json_type, False), (502, None, "text/html", False),
                                (503, None, "text/html", False), (429, None, json_type, True),
                                (500, None, json_type, False)])
        stats = mock.stats()
        self.assertEqual((stats["rate_limited"], stats["overloaded"], stats["completed"]), (3, 1, 0))


class Exchanges(harness.Case):
    def test_a_client_that_leaves_is_noticed(self):
        mock = self.mock("--latency", "1h")
        with connect(mock) as connection:
            connection.sendall(post())
            harness.until(lambda: mock.stats()["in_flight"] == 1, "the exchange is under way")
        harness.until(lambda: mock.stats()["disconnects"] == 1, "the client is missed")
        stats = mock.stats()
        self.assertEqual(stats["in_flight"], 0)
        self.assertGreater(stats["wasted_tokens"], 0)

    def test_echo_is_what_was_sent(self):
        mock = self.mock()
        head = (b"PUT /__mock/echo?a=%2f&&b HTTP/1.1\r\nhOsT: x\r\nX-B: 1\r\nx-a:2\r\nX-B: 3 \r\n"
                b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
        body = b"3;x=y\r\nabc\r\n0\r\nTrailer: t\r\n\r\n"
        with connect(mock) as connection:
            connection.sendall(head + body)
            received, _ = read_all(connection)
        self.assertEqual(received.partition(b"\r\n\r\n")[2], head + body)

    def test_expect_continue_is_answered_and_counted(self):
        mock = self.mock()
        with connect(mock) as connection:
            connection.sendall(post(headers=b"Expect: 100-continue\r\n")[:-len(BODY)])
            self.assertTrue(connection.recv(1000).startswith(b"HTTP/1.1 100 "))
            connection.sendall(BODY)
            self.assertIn(b"200 OK", connection.recv(65536))
        self.assertEqual(mock.stats()["expect_continue"], 1)

    def test_requests_on_one_connection_are_answered_in_order(self):
        mock = self.mock()
        with connect(mock) as connection:
            connection.sendall(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n" + b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n" +
                               b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            received, _ = read_all(connection)
        self.assertEqual(re.findall(rb"HTTP/1.1 (\d+)", received), [b"200", b"200", b"404"])
        self.assertIn(b'"claude-sonnet-4-5"', received)

    def test_tls_and_plain_share_a_port(self):
        files = self.folder()
        subprocess.run([harness.program("hivemind-mock"), "make-certificate", "--out", files, "localhost"], check=True)
        mock = self.mock("--cert", f"{files}/cert.pem", "--key", f"{files}/key.pem")
        self.assertEqual(mock.ask("GET", "/health")[0], 200)
        context = ssl.create_default_context(cafile=f"{files}/ca.pem")
        context.set_alpn_protocols(["h2", "http/1.1"])
        with context.wrap_socket(socket.create_connection((mock.address, mock.port), timeout=10),
                                 server_hostname="localhost") as connection:
            self.assertEqual(connection.selected_alpn_protocol(), "http/1.1")
            connection.sendall(post())
            self.assertIn(b"200 OK", connection.recv(65536))
        self.assertEqual(mock.stats()["tls_handshakes"], 1)

    def test_upgrade_echoes(self):
        mock = self.mock()
        with connect(mock) as connection:
            connection.sendall(b"GET /__mock/upgrade HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: y\r\n\r\n")
            self.assertTrue(connection.recv(1000).startswith(b"HTTP/1.1 101 "))
            connection.sendall(b"\x00\xffbytes")
            self.assertEqual(connection.recv(1000), b"\x00\xffbytes")

    def test_bodies_of_any_shape(self):
        letters = (b"abcdefghijklmnopqrstuvwxyz" * 4)[:100]
        for query, framing, end in (
                ("size=100", b"Content-Length: 100", letters),
                ("size=100&close=1", b"Connection: close", letters),
                ("size=100&chunk=64", b"Transfer-Encoding: chunked",
                 b"40\r\n" + letters[:64] + b"\r\n24\r\n" + letters[64:] + b"\r\n0\r\n\r\n"),
                ("size=1&chunk=9&trailer=1&status=404&cookies=2", b"Set-Cookie: cookie1=1; Path=/\r\n",
                 b"1\r\na\r\n0\r\nX-Trailer: kept\r\n\r\n")):
            with self.subTest(query=query), connect(self.mock()) as connection:
                connection.sendall(f"GET /__mock/body?{query} HTTP/1.1\r\nHost: x\r\n"
                                   "Connection: close\r\n\r\n".encode())
                head, _, body = read_all(connection)[0].partition(b"\r\n\r\n")
                self.assertIn(framing, head + b"\r\n")
                self.assertEqual(body, end)

    def test_log_keeps_the_head_byte_for_byte(self):
        path = os.path.join(self.folder(), "log")
        mock = self.mock("--log", path)
        request = post("/v1/messages?beta=true", headers=b"X-Api-Key: k\xe9y\r\nx-Z: 1\r\nX-Z: 2\r\n")
        with connect(mock) as connection:
            connection.sendall(request)
            harness.until(lambda: os.path.getsize(path) > 0, "the exchange is logged")
        with open(path) as file:
            entry = json.loads(file.readline())
        self.assertEqual(entry["head"].encode("latin-1"), request[:-len(BODY)])
        self.assertEqual(entry["header_names"], ["Host", "X-Api-Key", "x-Z", "X-Z", "Content-Length"])
        self.assertEqual((entry["target"], entry["status"], entry["completed"]), ("/v1/messages?beta=true", 200, True))


class Limits(harness.Case):
    def refused(self, *flags):
        """The second request's answer: (status, headers, body, seconds since 1970 when it was asked)."""
        mock = self.mock("--rpm", "1", *flags)
        mock.ask("POST", "/v1/messages", BODY)
        connection = mock.connection()
        connection.request("POST", "/v1/messages", BODY)
        answer = connection.getresponse()
        body = json.loads(answer.read())
        connection.close()
        return answer.status, answer.headers, body

    def test_anthropic_headers_of_a_refusal(self):
        status, headers, body = self.refused()
        self.assertEqual((status, body["error"]["type"]), (429, "rate_limit_error"))
        self.assertEqual(body["request_id"], headers["request-id"])
        self.assertRegex(headers["retry-after"], r"^(59|60)$")
        self.assertEqual((headers["anthropic-ratelimit-requests-limit"],
                          headers["anthropic-ratelimit-requests-remaining"]), ("1", "0"))
        self.assertRegex(headers["anthropic-ratelimit-requests-reset"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")

    def test_delays_shrink_with_the_speed(self):
        _, headers, _ = self.refused("--speed", "100")
        self.assertLessEqual(float(headers["retry-after"]), 0.6)
        self.assertRegex(headers["anthropic-ratelimit-requests-reset"], r"\.\d{3}Z$")

    def test_after_the_delay_there_is_room(self):
        mock = self.mock("--rpm", "60", "--speed", "100", "--limit", "requests=1,window,per=10s")
        self.assertEqual(mock.ask("POST", "/v1/messages", BODY)[0], 200)
        self.assertEqual(mock.ask("POST", "/v1/messages", BODY)[0], 429)
        harness.until(lambda: mock.ask("POST", "/v1/messages", BODY)[0] == 200, "the window ends", 2)

    def test_openai_refusal_names_the_delay(self):
        mock = self.mock("--limit", "tokens=40", "--limit", "requests=10")
        body = json.dumps({"model": "gpt-5", "messages": [{"role": "user", "content": "x" * 80}]}).encode()
        self.assertEqual(mock.ask("POST", "/v1/chat/completions", body)[0], 200)
        connection = mock.connection()
        connection.request("POST", "/v1/chat/completions", body)
        answer = connection.getresponse()
        error = json.loads(answer.read())["error"]
        connection.close()
        self.assertEqual((answer.status, error["type"], error["code"]), (429, "tokens", "rate_limit_exceeded"))
        self.assertRegex(error["message"], r"Limit 40, Used \d+, Requested \d+\. Please try again in [\d.]+m?s\.$")
        self.assertRegex(answer.headers["x-ratelimit-reset-tokens"], r"^[\dms.]+$")
        self.assertGreater(int(answer.headers["retry-after-ms"]), 0)


class CommandLine(harness.Case):
    def test_mistakes_are_explained(self):
        for flags, says in ((["--bogus"], "--bogus"), (["--fault", "502=often"], "often"), (["--fault", "rest=1"], "rest"),
                            (["--limit", "rpm=1"], "requests="), (["--latency", "fast"], "fast"),
                            (["--cert", "/etc/hostname"], "--key"), (["--listen", "nowhere:1"], "nowhere"),
                            (["--script", "/etc"], "/etc"),
                            (["--log", "/nowhere/log"], "/nowhere/log"), (["--port", "70000"], "70000")):
            with self.subTest(flags=flags):
                done = subprocess.run([harness.program("hivemind-mock"), *flags], capture_output=True, text=True,
                                      timeout=10, check=False)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(says, done.stderr)


if __name__ == "__main__":
    harness.main()
