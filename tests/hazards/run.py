#!/usr/bin/python3
"""Runs every hazard: each test module of this folder, and the preload object's symbols. Needs no daemon."""
import glob
import importlib
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = ("symbols", "loading", "calls", "processes", "names", "tap", "scale", "cost")


def load_tests(loader, *_):
    sys.path.insert(0, HERE)
    return unittest.TestSuite(loader.loadTestsFromModule(importlib.import_module(name)) for name in MODULES)


if __name__ == "__main__":
    unittest.main(verbosity=2)
