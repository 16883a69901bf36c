"""hivemind-mock as a test uses it: started on a port of the kernel's choosing, asked for its statistics.

Invariant: `port` accepts when the constructor returns.
"""
import http.client
import json
import os
import re
import ssl
import subprocess

from process import Process, until


def certificate(program, folder, names):
    """A throw-away root and a leaf for `names`; returns the paths {ca, cert, key}."""
    done = subprocess.run([program, "make-certificate", "--out", folder, *names], capture_output=True, text=True, timeout=30)
    if done.returncode != 0:
        raise AssertionError(f"hivemind-mock make-certificate: {done.stderr}")
    return {"ca": os.path.join(folder, "ca.pem"), "cert": os.path.join(folder, "cert.pem"),
            "key": os.path.join(folder, "key.pem")}


class Mock(Process):
    """`tls`: host names it shall have a certificate for; none: plain HTTP. Other arguments are its own flags."""

    def __init__(self, program, folder, *flags, tls=(), listen="127.0.0.1:0", env=None):
        command = [program, "--tls-listen" if tls else "--listen", listen]
        self.ca = None
        if tls:
            files = certificate(program, folder, tls)
            self.ca = files["ca"]
            command += ["--cert", files["cert"], "--key", files["key"]]
        super().__init__([*command, *flags], folder, name="hivemind-mock", env=env)
        self.address = listen.rpartition(":")[0]
        try:
            self.port = until(self._listening, "hivemind-mock listens")
        except AssertionError as error:
            self.stop()
            raise AssertionError(f"{error}\n{self.describe()}") from None

    def _listening(self):
        found = re.search(r"^listening (\d+)$", self.out(), re.M)
        if not found and self.popen.poll() is not None:
            raise AssertionError(f"hivemind-mock ended with {self.popen.returncode}")
        return int(found.group(1)) if found else None

    def connection(self, timeout=10):
        if self.ca:
            context = ssl.create_default_context(cafile=self.ca)
            context.check_hostname = False
            return http.client.HTTPSConnection(self.address, self.port, timeout=timeout, context=context)
        return http.client.HTTPConnection(self.address, self.port, timeout=timeout)

    def ask(self, method, path, body=None, headers=None):
        connection = self.connection()
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def script(self, faults):
        """What the next generations meet: "429:1s,529,reset"."""
        status, body = self.ask("POST", "/__mock/script", faults)
        if status != 200:
            raise AssertionError(f"/__mock/script: {status} {body[:200]!r}")

    def forget(self):
        """Statistics and accounts begin anew."""
        self.ask("POST", "/__mock/reset")

    def url(self, path, host=None):
        return f"{'https' if self.ca else 'http'}://{host or self.address}:{self.port}{path}"

    def stats(self):
        status, body = self.ask("GET", "/__mock/stats")
        if status != 200:
            raise AssertionError(f"/__mock/stats: {status} {body[:200]!r}")
        return json.loads(body)

    def describe(self):
        stats = ""
        if self.popen.poll() is None and getattr(self, "port", None):
            try:
                stats = f"--- mock statistics\n{json.dumps(self.stats(), indent=1)}\n"
            except Exception as error:  # said, not raised: this is already a diagnosis
                stats = f"--- mock statistics: {error!r}\n"
        return stats + super().describe()
