#!/usr/bin/python3
"""Claude Code run as `claude -p`: a native program of 230 MB with its own TLS and its own retries.

It always asks for a stream; the two kinds here are how it prints. What it saw it tells twice: as api_retry events in
stream-json, and as "API error" lines in its debug file.
"""
import os

import carried
import harness

setUpModule = carried.enter_with_packages


class Claude(carried.FromNpm, harness.Case):
    kinds = (("text", False), ("stream-json", True))
    seconds = 90

    def environment(self):
        quiet = ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "DISABLE_TELEMETRY", "DISABLE_ERROR_REPORTING", "DISABLE_AUTOUPDATER")
        return {**carried.credentials(), **{name: "1" for name in quiet}}

    def command(self, streaming):
        self.debug = os.path.join(self.folder(), "debug.txt")
        command = [os.path.join(self.packages, ".bin/claude"), "-p", "say hi", "--model", "claude-sonnet-4-5", "--debug-file", self.debug]
        return [*command, "--output-format", "stream-json", "--verbose"] if streaming else command

    def failures_seen(self, done):
        with open(self.debug) as f:
            lines = [line for line in f if "API error" in line]
        return lines + [line for line in done.out().splitlines() if '"api_retry"' in line]

    def check_answer(self, done):
        super().check_answer(done)
        self.assertEqual(self.failures_seen(done), [], done.describe())

    def test_would_tell_of_the_failures(self):
        # The control: without us the same faults show, so that their absence elsewhere means something.
        harness.names(harness.DIRECT)
        mock = self.mock(tls=harness.HOSTS, listen=f"{harness.DIRECT}:443")
        home = self.home(env={**self.environment(), "NODE_EXTRA_CA_CERTS": mock.ca})
        mock.script("429:1s,529")
        done = home.direct(*self.command(True), seconds=self.seconds)
        self.assertEqual(done.returncode, 0, done.describe())
        self.assertEqual(len(self.failures_seen(done)), 4, done.describe())


if __name__ == "__main__":
    harness.main()
