#!/usr/bin/python3
"""A key stolen from our CA signs a certificate for a host that is none of ours. Every runtime that trusts our root must
refuse it, and accept one for a host of ours: the constraint stands in the intermediate, where also Java looks."""
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import harness

OURS = "localhost"
ADDRESS, EVIL = "127.0.0.1", "evil.test"  # an address is nobody's name: ours may vouch for none

# Each prints "trusted" when the handshake with HOST at 127.0.0.1:PORT succeeds, believing only ROOTS.
PYTHON = """
import socket, ssl, sys
roots, host, port = sys.argv[1:]
context = ssl.create_default_context(cafile=roots)
context.verify_flags |= ssl.VERIFY_X509_STRICT
try:
    context.wrap_socket(socket.create_connection(("127.0.0.1", int(port))), server_hostname=host)
    print("trusted")
except ssl.SSLCertVerificationError as error:
    print("refused:", error)
"""
NODE = """
const [roots, host, port] = process.argv.slice(1);
const options = {ca: require("fs").readFileSync(roots), host: "127.0.0.1", port, servername: host};
if (/^[0-9.]+$/.test(host)) delete options.servername;
options.checkServerIdentity = (_, certificate) => require("tls").checkServerIdentity(host, certificate);
const socket = require("tls").connect(options, () => { console.log("trusted"); socket.destroy(); });
socket.on("error", error => console.log("refused:", error.message));
"""
JAVA = """
import java.io.*; import java.security.*; import java.security.cert.*; import java.util.*; import javax.net.ssl.*;
public class Trust {
  public static void main(String[] a) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (InputStream in = new FileInputStream(a[0])) {
      int i = 0;
      for (java.security.cert.Certificate c : CertificateFactory.getInstance("X.509").generateCertificates(in)) store.setCertificateEntry("" + i++, c);
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    try (SSLSocket plain = (SSLSocket) context.getSocketFactory().createSocket(new java.net.Socket("127.0.0.1", Integer.parseInt(a[2])), a[1], Integer.parseInt(a[2]), true)) {
      SSLParameters p = plain.getSSLParameters();
      p.setEndpointIdentificationAlgorithm("HTTPS");
      plain.setSSLParameters(p);
      plain.startHandshake();
      System.out.println("trusted");
    } catch (SSLException e) { System.out.println("refused: " + e.getMessage()); }
  }
}
"""


class Server:
    """Shakes hands with the chain in `pem` until it is closed."""

    def __init__(self, pem):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pem)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                client.settimeout(10)
                with self.context.wrap_socket(client, server_side=True) as tls:
                    tls.recv(1024)
            except OSError:
                client.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


class CertificateNames(harness.Case):
    @classmethod
    def setUpClass(cls):
        harness.need("openssl")

    def setUp(self):
        home = self.home(config={"hosts": [OURS]})
        home.up()
        self.ca = os.path.join(home.state, "ca")
        (self.stolen,) = [os.path.join(self.ca, name) for name in os.listdir(self.ca) if name.startswith("generation-")]
        self.tmp = self.folder()

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=self.tmp)

    def serve(self, host):
        """A server whose certificate for `host` the stolen key has signed."""
        kind = "IP" if host == ADDRESS else "DNS"
        self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/O=thief",
                     "-keyout", "key.pem", "-out", "request.pem")
        with open(f"{self.tmp}/extensions", "w") as f:
            f.write(f"subjectAltName={kind}:{host}\nextendedKeyUsage=serverAuth\nkeyUsage=critical,digitalSignature\n"
                    "basicConstraints=critical,CA:FALSE\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
        self.openssl("x509", "-req", "-in", "request.pem", "-CA", self.stolen, "-CAkey", self.stolen, "-days", "1",
                     "-extfile", "extensions", "-out", "leaf.pem")
        with open(f"{self.tmp}/{host}.pem", "w") as chain:
            for part in ("key.pem", "leaf.pem"):
                with open(f"{self.tmp}/{part}") as f:
                    chain.write(f.read())
            with open(self.stolen) as f:
                text = f.read()
            chain.write(text[text.index("-----BEGIN CERTIFICATE"):])
        server = Server(f"{self.tmp}/{host}.pem")
        self.addCleanup(server.close)
        return server.port

    def verdict(self, command, host, port):
        done = subprocess.run([*command, os.path.join(self.ca, "roots.pem"), host, str(port)], capture_output=True, text=True,
                              timeout=60, cwd=self.tmp)
        return (done.stdout + done.stderr).strip()

    def check(self, command):
        self.assertEqual(self.verdict(command, OURS, self.serve(OURS)), "trusted")
        for host in (EVIL, ADDRESS):
            self.assertIn("refused", self.verdict(command, host, self.serve(host)), host)

    def test_python_strict(self):
        self.check(["/usr/bin/python3", "-c", PYTHON])

    def test_node(self):
        harness.need("node")
        self.check(["node", "-e", NODE])

    def test_curl(self):
        script = ('code=$(curl -sS -o /dev/null --max-time 5 --cacert "$1" --resolve "$2:$3:127.0.0.1" "https://$2:$3/" 2>&1); status=$?; '
                  '[ $status = 60 ] && echo "refused: $code" || echo trusted')
        self.check(["sh", "-c", script, "sh"])

    def test_gnutls(self):
        if not shutil.which("gnutls-cli"):
            raise unittest.SkipTest("gnutls-cli is not installed")
        script = 'gnutls-cli --x509cafile "$1" --sni-hostname "$2" --verify-hostname "$2" -p "$3" 127.0.0.1 </dev/null >/dev/null 2>&1 && echo trusted || echo refused'
        self.check(["sh", "-c", script, "sh"])

    def test_java(self):
        if not shutil.which("java"):
            raise unittest.SkipTest("java is not installed")
        source = f"{self.tmp}/Trust.java"
        with open(source, "w") as f:
            f.write(JAVA)
        done = subprocess.run(["java", source, "/dev/null", "x", "1"], capture_output=True, text=True)
        if "jdk.compiler" in done.stderr:
            raise unittest.SkipTest("java has no compiler here")
        self.check(["java", source])


if __name__ == "__main__":
    harness.main()
