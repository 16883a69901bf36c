#!/usr/bin/python3
"""Three real programs' own network work, without us and under hivemind-run: the same results, to the last line."""
import json
import os
import socket
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../support"))
import harness
import mock as _mock

PROGRAMS = os.path.join(HERE, "programs")


class Differential(harness.Case):
    def free_ports(self, count):
        """Ports nobody uses, and the reservation given up: the programs bind them again, on addresses of their own."""
        held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
        ports = [s.getsockname()[1] for s in held]
        for s in held:
            s.close()
        return ports

    def compare(self, native, ours):
        for done in (native, ours):
            self.assertEqual(done.returncode, 0, done.describe())
        self.assertEqual(native.out().splitlines(), ours.out().splitlines())

    def test_python_socket_tests(self):
        ports = self.free_ports(16)
        home = self.home(ports=ports)
        home.up()
        probe = home.direct("/usr/bin/python3", "-c", "import test.test_socket")
        if probe.returncode != 0:
            self.skipTest("libpython3.11-testsuite is not installed; `make deps` installs it")
        command = ["/usr/bin/python3", os.path.join(PROGRAMS, "socket_tests.py"), *map(str, ports)]
        native = home.direct(*command, "127.1", seconds=120)
        ours = home.run(*command, "127.2", options=("--summary",), seconds=120)
        self.compare(native, ours)
        self.assertGreater(len(ours.out().splitlines()), 180)
        self.assertNotIn(": error", ours.out())
        self.assertRegex(ours.err(), "requests +0, and 1[0-9][0-9] others passed through")

    def nginx(self):
        harness.need("nginx")
        folder = self.folder()
        files = _mock.certificate(harness.program("hivemind-mock"), folder, ["localhost"])
        os.mkdir(os.path.join(folder, "www"))
        for size in (0, 1, 1000, 70000, 1000000):
            with open(os.path.join(folder, "www", str(size)), "wb") as f:
                f.write(bytes((i * 7 + size) % 251 for i in range(size)))
        plain, tls = self.free_ports(2)
        with open(os.path.join(folder, "nginx.conf"), "w") as f:
            f.write(f"""daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{ access_log off; keepalive_requests 37; gzip on; gzip_types *; gzip_min_length 500;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder};
  scgi_temp_path {folder}; client_max_body_size 100k;
  server {{ listen 127.0.0.1:{plain}; listen [::1]:{plain}; listen 127.0.0.1:{tls} ssl http2;
    ssl_certificate {files["cert"]}; ssl_certificate_key {files["key"]}; root {folder}/www;
    location /empty {{ return 204; }} location /moved {{ return 302 /1000; }} location /gone {{ return 410 gone; }}
    location /hang {{ return 444; }} location /echo {{ return 200 "$request_method $content_length $http_x_test $http_range"; }}
  }} }}
""")
        process = self.using(_mock.Process(["nginx", "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"], folder))

        def listens():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", tls)) == 0
        harness.until(listens, f"nginx listens {process.describe()}")
        return plain, tls, files["ca"]

    def test_curl_a_thousand_mixed_requests(self):
        plain, tls, ca = self.nginx()
        say = "%{http_code} %{http_version} %{size_download} %{num_connects} %{num_redirects} %{remote_ip} " \
              "%{remote_port} %{ssl_verify_result} %{exitcode} %{content_type}"
        kinds = (["/1000"], ["/70000"], ["/0"], ["/1", "head"], ["/1000000", "range = 5-70000"], ["/moved", "location"],
                 ["/empty"], ["/gone"], ["/missing"], ["/hang"], ["/echo", 'data = "hello"'], ["/echo", 'request = "DELETE"'],
                 ["/1000", "compressed"], ["/echo", 'header = "x-test: some thing"', "range = 1-2"],
                 ["/1000", 'header = "connection: close"'], ["/echo", 'data = "' + "x" * 60000 + '"'], ["/70000", "http1.0"])
        bases = (f"http://127.0.0.1:{plain}", f"http://[::1]:{plain}", f"http://localhost:{plain}", f"https://localhost:{tls}")
        lines = []
        for i in range(1000):
            path, *more = kinds[i % len(kinds)]
            if bases[i // 7 % 4].startswith("https") and i % 3:
                more = [*more, "http1.1"] if "http1.0" not in more else more
            lines += [f'url = "{bases[i // 7 % 4]}{path}"', *more, f'write-out = "\\n{i} {say}\\n"', f'cacert = "{ca}"', "silent",
                      "max-time = 20", "next"]
        config = os.path.join(self.folder(), "requests")
        with open(config, "w") as f:
            f.write("\n".join(lines[:-1]) + "\n")
        home = self.home(ports=[plain, tls])
        home.up()
        digest = ["/bin/sh", "-c", f"curl -K {config} >body; grep -aE '^[0-9]+ [0-9]+ ' body; sed -i '/^[Dd]ate:/d' body; sha256sum <body; wc -c <body"]
        native = home.direct(*digest, seconds=100, cwd=self.folder())
        ours = home.run(*digest, seconds=100, cwd=self.folder(), options=("--summary",))
        self.compare(native, ours)
        self.assertEqual(len(ours.out().splitlines()), 1002)
        passed = ours.err().partition("requests")[2].partition("\n")[0]
        self.assertNotIn("0, and 0 others", passed)
        self.assertIn("others passed through", passed, ours.describe())

    def test_node_http(self):
        harness.need("node")
        ports = {}
        server = self.using(_mock.Process(["node", os.path.join(PROGRAMS, "http_server.cjs")], self.folder()))
        ports = harness.until(lambda: json.loads(server.out()) if server.out().endswith("\n") else None, "the server listens")
        home = self.home(ports=list(ports.values()))
        home.up()
        command = ["node", os.path.join(PROGRAMS, "http_client.cjs"), json.dumps(ports)]
        native = home.direct(*command, seconds=100)
        ours = home.run(*command, seconds=100, options=("--summary",))
        self.compare(native, ours)
        self.assertIn("keep-alive 2000", ours.out())
        self.assertIn("others passed through", ours.err())


if __name__ == "__main__":
    harness.main()
