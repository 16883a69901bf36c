#!/usr/bin/python3
"""Debian's Python and its HTTP libraries, each in a small program of its own (programs/ask_*.py)."""
import os

import carried
import harness

setUpModule = harness.enter


class Python(carried.Carried):
    library = None

    def command(self, streaming):
        program = os.path.join(carried.PROGRAMS, f"ask_{self.library}.py")
        return ["/usr/bin/python3", program, "streaming" if streaming else "whole"]


class Urllib(Python, harness.Case):
    library = "urllib"


class Requests(Python, harness.Case):
    library = "requests"


class Httpx(Python, harness.Case):
    library = "httpx"


class Aiohttp(Python, harness.Case):
    library = "aiohttp"


if __name__ == "__main__":
    harness.main()
