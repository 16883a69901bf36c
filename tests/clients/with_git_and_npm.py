#!/usr/bin/python3
"""git clone and npm install in a run: captured, no LLM's, so carried as they are to servers with a private CA."""
import base64
import hashlib
import http.server
import io
import json
import os
import ssl
import tarfile
import threading

import carried  # noqa: F401  finds tests/support
import harness
import mock as _mock

setUpModule = harness.enter
NAMES = ("git.example.test", "registry.example.test")


class Website:
    """HTTPS on port 443 of the address the names lead to: files of a folder, and what `pages` says."""

    def __init__(self, folder, pages=None):
        files = _mock.certificate(harness.program("hivemind-mock"), folder, NAMES)
        self.ca, self.names, self.asked, website = files["ca"], [], [], self

        class Handler(http.server.SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def __init__(self, *arguments):
                super().__init__(*arguments, directory=folder)

            def do_GET(self):
                website.asked.append(self.path)
                if self.path not in (pages or {}):
                    return super().do_GET()
                body = pages[self.path]
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files["cert"], files["key"])
        context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self.server = http.server.ThreadingHTTPServer((harness.DIRECT, 443), Handler)
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Tools(harness.Case):
    def carried(self, home, *command):
        harness.names(harness.DIRECT, NAMES)
        done = home.run(*command, options=("--explain", "--summary"), seconds=90)
        self.assertEqual(done.returncode, 0, done.describe())
        self.assertRegex(done.err(), "requests  0, and [0-9]+ others passed through")
        rows = [line.split() for line in done.err().splitlines() if line.startswith("  ") and line.split()[0].isdigit()]
        return {row[1]: row for row in rows}

    def test_git_clone(self):
        folder = self.folder()
        home = self.home()
        script = """set -e; git init -q work; cd work; git config user.email a@b; git config user.name a
for i in $(seq 50); do echo $i >file$i; git add file$i; git commit -q -m "commit $i"; done
git clone -q --bare . ../www/work.git; cd ../www/work.git; git update-server-info"""
        os.mkdir(os.path.join(folder, "www"))
        made = home.direct("/bin/sh", "-c", script, cwd=folder)
        self.assertEqual(made.returncode, 0, made.describe())
        website = self.using(Website(os.path.join(folder, "www")))
        home.env["GIT_SSL_CAINFO"] = website.ca  # theirs stays beside ours
        rows = self.carried(home, "git", "clone", "-q", "https://git.example.test/work.git", os.path.join(folder, "copy"))
        self.assertEqual(len(os.listdir(os.path.join(folder, "copy"))), 51)
        self.assertEqual(set(website.names), {"git.example.test"}, "the handshake was git's own")
        self.assertTrue(any(name.startswith("git-remote") for name in rows), f"the helper that connects is told by name: {rows}")

    def test_npm_install(self):
        harness.need("npm")
        folder = self.folder()
        pages = {}
        for name, needs in (("outer-of-two", {"inner-of-two": "^1.0.0"}), ("inner-of-two", {})):
            package = {"name": name, "version": "1.0.0", "dependencies": needs, "scripts": {"install": "node -e 0"}}
            archive = io.BytesIO()
            with tarfile.open(fileobj=archive, mode="w:gz") as tar:
                for path, text in (("package/package.json", json.dumps(package)), ("package/index.js", "module.exports = 1;")):
                    entry = tarfile.TarInfo(path)
                    entry.size = len(text)
                    tar.addfile(entry, io.BytesIO(text.encode()))
            data = archive.getvalue()
            pages[f"/{name}/-/{name}-1.0.0.tgz"] = data
            integrity = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
            dist = {"tarball": f"https://registry.example.test/{name}/-/{name}-1.0.0.tgz", "integrity": integrity}
            pages[f"/{name}"] = json.dumps({"name": name, "dist-tags": {"latest": "1.0.0"},
                                            "versions": {"1.0.0": {**package, "dist": dist}}}).encode()
        website = self.using(Website(folder, pages))
        home = self.home(env={"NODE_EXTRA_CA_CERTS": website.ca, "npm_config_update_notifier": "false"})
        project = os.path.join(folder, "project")
        os.mkdir(project)
        rows = self.carried(home, "npm", "install", "outer-of-two", "--prefix", project, "--no-audit", "--no-fund",
                            "--registry", "https://registry.example.test/")
        self.assertEqual(sorted(entry for entry in os.listdir(os.path.join(project, "node_modules")) if entry[0] != "."),
                         ["inner-of-two", "outer-of-two"])
        self.assertEqual(set(website.names), {"registry.example.test"})
        self.assertEqual(sorted(website.asked), sorted(pages))
        self.assertTrue(any("npm" in name or "node" in name for name in rows), rows)


if __name__ == "__main__":
    harness.main()
