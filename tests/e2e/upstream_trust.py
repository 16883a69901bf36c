#!/usr/bin/python3
"""An upstream that cannot be verified gets nothing, and the client is told why; and no credential is written down."""
import os
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness
import mock as provider
import wire
from proxy_bytes import OK, message

HOST = "api.anthropic.com"
CANARY = "c4n4ry"


def self_signed(folder, expired=False):
    """A certificate for HOST that is its own root."""
    files = {"cert": os.path.join(folder, "cert.pem"), "key": os.path.join(folder, "key.pem")}
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=test", "-days", "10",
                    "-addext", f"subjectAltName=DNS:{HOST}", "-keyout", files["key"], "-out", files["cert"]], check=True, capture_output=True)
    if expired:
        ended = os.path.join(folder, "ended.pem")
        subprocess.run(["openssl", "x509", "-in", files["cert"], "-signkey", files["key"], "-days", "0", "-out", ended], check=True, capture_output=True)
        files["cert"] = ended
        check = ["openssl", "x509", "-checkend", "0", "-noout", "-in", ended]
        harness.until(lambda: subprocess.run(check, capture_output=True).returncode != 0, "it has expired")
    return {**files, "ca": files["cert"]}


def context(files):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files["cert"], files["key"])
    return server


def setUpModule():
    harness.enter()


class UpstreamTrust(harness.Case):
    def world(self, tls, ca, handler=None, **config):
        harness.names(harness.TRAP)
        self.received = []

        def receive(s):
            while part := s.recv(65536):
                self.received.append(part)

        self.upstream = self.server(handler or receive, tls=tls)
        self.ours = self.home({"host": HOST, "address": "127.0.0.1", "port": self.upstream.port, "ca_file": ca}, config=config)
        self.trap()
        self.ours.up()
        self.connections = self.connector(self.ours)

    def tls(self):
        trusting = ssl.create_default_context(cafile=os.path.join(self.ours.state, "ca/roots.pem"))
        return trusting.wrap_socket(self.connections.connect("@" + HOST, 443), server_hostname=HOST)

    def check_refused(self, why):
        for path in ("/v1/messages", "/v1/files"):
            with self.tls() as s:
                body = message(300)
                s.sendall(f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
                head, body, _ = wire.read_message(s)
                self.assertTrue(head.startswith(b"HTTP/1.1 502"), head)
                self.assertRegex(body.decode(), f"could not be verified: .*{why}")
        self.assertEqual(self.received, [])

    def test_another_name(self):
        files = provider.certificate(harness.program("hivemind-mock"), self.folder(), ["other.example.com"])
        self.world(context(files), files["ca"])
        self.check_refused("hostname mismatch")

    def test_an_unknown_root(self):
        files = provider.certificate(harness.program("hivemind-mock"), self.folder(), [HOST])
        other = provider.certificate(harness.program("hivemind-mock"), self.folder(), [HOST])
        self.world(context(files), other["ca"])
        self.check_refused("(certificate|signature)")

    def test_self_signed(self):
        harness.need("openssl")
        other = provider.certificate(harness.program("hivemind-mock"), self.folder(), [HOST])
        self.world(context(self_signed(self.folder())), other["ca"])
        self.check_refused("self-signed certificate")

    def test_expired(self):
        harness.need("openssl")
        files = self_signed(self.folder(), expired=True)
        self.world(context(files), files["ca"])
        self.check_refused("expired")

    def test_an_old_version_of_tls(self):
        files = provider.certificate(harness.program("hivemind-mock"), self.folder(), [HOST])
        old = context(files)
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        self.world(old, files["ca"])
        self.check_refused("(protocol|version)")

    def test_no_credential_is_written_down(self):
        """Debug log, status, metrics and answers of ours: none has what only the upstream shall see."""
        files = provider.certificate(harness.program("hivemind-mock"), self.folder(), [HOST])
        answers = iter([b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: %d\r\nset-cookie: s=%s\r\n\r\n%s",
                        b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 0\r\nContent-Type: application/json\r\nContent-Length: %d\r\nset-cookie: s=%s\r\n\r\n%s"])
        error = b'{"type":"error","error":{"type":"authentication_error","message":"bad key %s"}}' % CANARY.encode()
        seen = []

        def handler(s):
            rest = b""
            while True:
                head, body, rest = wire.read_message(s, rest)
                seen.append(head + body)
                form = next(answers, None)
                s.sendall(form % (len(error), CANARY.encode(), error) if form else OK)

        self.world(context(files), files["ca"], handler, log_level="debug", scheduler={"backoff_base": "1ms"})
        body = message(300).replace(b"xxxxxxxxxxxxxxxx", CANARY.encode() + b"xxxxxxxxxx").replace(b'"max_tokens"', b'"metadata": {"user_id": "c4n4ry"}, "max_tokens"')
        head = (f"Host: {HOST}\r\nx-api-key: {CANARY}\r\nAuthorization: Bearer {CANARY}\r\nCookie: a={CANARY}\r\nProxy-Authorization: {CANARY}\r\n"
                f"X-{CANARY}: 1\r\n")
        with self.tls() as s:
            rest = b""
            for path in ("/v1/messages", "/v1/messages", "/v1/files"):
                s.sendall(f"POST {path}?key={CANARY} HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
                _, _, rest = wire.read_message(s, rest)
            s.sendall(f"POST /v1/messages?key={CANARY} HTTP/1.1\r\n{head}Content-Length: 1, {CANARY}\r\n\r\n".encode())
            refused = s.recv(65536)
        self.assertTrue(refused.startswith(b"HTTP/1.1 400"), refused)
        self.assertGreaterEqual(len(seen), 3)
        self.assertTrue(all(CANARY.encode() in what for what in seen))  # else nothing was tested
        metrics = harness.ControlConnection(self.ours)
        self.addCleanup(metrics.close)
        metrics.request("GET", "/metrics")
        for name, text in (("log", self.ours.log()), ("status", self.ours.control("status", "--json").stdout), ("table", self.ours.control("status").stdout),
                           ("metrics", metrics.getresponse().read().decode()), ("refusal", refused.decode())):
            self.assertTrue(text)
            self.assertNotIn(CANARY, text, name)


if __name__ == "__main__":
    harness.main()
