#!/usr/bin/python3
"""Real agents by the proxy tier alone: both honour HTTPS_PROXY."""
import unittest

import carried
import harness
import with_claude
import with_codex

setUpModule = carried.enter_with_packages


class ClaudeThroughProxy(with_claude.Claude):
    def home(self, *routes, **more):
        home = super().home(*routes, **more)
        start = home.start
        home.start = lambda *command, options=(), **how: start(*command, options=["--capture=proxy", *options], **how)
        return home


class CodexThroughProxy(with_codex.Codex):
    def home(self, *routes, **more):
        home = super().home(*routes, **more)
        home.options = ["--capture=proxy"]
        return home


def load_tests(loader, _, __):
    """What is carried; the rest their own files say."""
    return unittest.TestSuite(one("test_is_carried") for one in (ClaudeThroughProxy, CodexThroughProxy))


if __name__ == "__main__":
    harness.main()
