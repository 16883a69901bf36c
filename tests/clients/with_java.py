#!/usr/bin/python3
"""Java 17's HttpClient. It reads no variable that names a CA without saying so on stderr, so its TLS is captured and carried
as it is; a local server's plain HTTP is scheduled as anybody's."""
import os

import carried
import harness

setUpModule = harness.enter


class Java(harness.Case):
    kinds = ("whole", "streaming")

    def setUp(self):
        harness.need("java", "keytool")

    def command(self, kind, address):
        return ["java", "-XX:TieredStopAtLevel=1", os.path.join(carried.PROGRAMS, "Ask.java"), kind, address]

    def check(self, done):
        self.assertEqual(done.returncode, 0, done.describe())
        self.assertEqual(done.out(), carried.ANSWER + "\n", done.describe())

    def test_tls_is_captured_and_carried_as_it_is(self):
        harness.names(harness.DIRECT)
        mock = self.mock(tls=harness.HOSTS, listen=f"{harness.DIRECT}:443")
        store = os.path.join(self.folder(), "trust.p12")
        home = self.home(env=carried.credentials())
        made = home.direct("keytool", "-importcert", "-noprompt", "-file", mock.ca, "-keystore", store, "-storepass", "changeit")
        self.assertEqual(made.returncode, 0, made.describe())
        home.env["JAVA_TOOL_OPTIONS"] = f"-Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStorePassword=changeit"
        for kind in self.kinds:
            with self.subTest(kind):
                self.check(home.direct(*self.command(kind, "https://api.anthropic.com")))
                done = home.run(*self.command(kind, "https://api.anthropic.com"), options=("--explain", "--summary"))
                self.check(done)
                self.assertRegex(done.err(), r"(?m)^  \d+ +java +preload +[1-9]")
                self.assertRegex(done.err(), "requests +0, and [1-9] others passed through")
        self.assertEqual(mock.stats()["completed"], 2 * len(self.kinds))

    def test_plain_http_sees_no_failure_before_content(self):
        mock = self.mock("--speed", "10")
        home = self.home(harness.route("127.0.0.1", mock, dialect="anthropic"), ports=[mock.port], config=carried.SCALED,
                         env=carried.credentials())
        for kind in self.kinds:
            with self.subTest(kind):
                mock.forget()
                mock.script("429:1s,529,reset")
                self.check(home.run(*self.command(kind, f"http://127.0.0.1:{mock.port}")))
                stats = mock.stats()
                self.assertEqual((stats["generations"], stats["completed"], stats["retries_seen"]), (4, 1, 0), stats)


if __name__ == "__main__":
    harness.main()
