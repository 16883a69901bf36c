"""Python's own tests of TCP sockets (test.test_socket), with their servers on given ports; prints how each ended.

Arguments: the ports, then the first half of the loopback addresses: each test gets one of its own, as a port may rest for
a minute after its use.
"""
import io
import socket
import sys
import unittest
from test import support, test_socket
from test.support import socket_helper

CLASSES = """BasicTCPTest BasicTCPTest2 SendmsgTCPTest RecvmsgTCPTest RecvmsgIntoTCPTest TCPCloserTest NonBlockingTCPTests
FileObjectClassTestCase UnbufferedFileObjectClassTestCase LineBufferedFileObjectClassTestCase
SmallBufferedFileObjectClassTestCase UnicodeReadFileObjectClassTestCase UnicodeWriteFileObjectClassTestCase
UnicodeReadWriteFileObjectClassTestCase NetworkConnectionNoServer NetworkConnectionAttributesTest
NetworkConnectionBehaviourTest TCPTimeoutTest ContextManagersTest SendfileUsingSendTest SendfileUsingSendfileTest
BufferIOTest""".split()
ports, network = [int(port) for port in sys.argv[1:-1]], sys.argv[-1]


def bind_port(sock, host=None):
    if sock.family != socket.AF_INET:
        return original(sock, host or "localhost")
    for port in ports:
        try:
            sock.bind((test_socket.HOST, port))
            return port
        except OSError:
            continue
    raise OSError("all ports rest")


def find_unused_port(family=socket.AF_INET, socktype=socket.SOCK_STREAM):
    with socket.socket(family, socktype) as sock:
        sock.bind(("", 0))
        return sock.getsockname()[1]


class Result(unittest.TestResult):
    number = 0

    def startTest(self, test):
        Result.number += 1
        test_socket.HOST = socket_helper.HOST = f"{network}.{Result.number // 250}.{Result.number % 250 + 1}"
        super().startTest(test)

    def tell(self, test, how):
        print(f"{test.id()}: {how}", flush=True)

    def addSuccess(self, test):
        self.tell(test, "ok")

    def addSkip(self, test, reason):
        self.tell(test, "skipped")

    def addExpectedFailure(self, test, error):
        self.tell(test, "failed as expected")

    def addError(self, test, error):
        super().addError(test, error)
        self.tell(test, f"error {error[0].__name__}")

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.tell(test, "failed")


original, socket_helper.bind_port, socket_helper.find_unused_port = socket_helper.bind_port, bind_port, find_unused_port
loader = unittest.defaultTestLoader
result = Result()
unittest.TestSuite(loader.loadTestsFromTestCase(getattr(test_socket, name)) for name in CLASSES).run(result)
for test, text in result.errors + result.failures:
    print(test.id(), text, file=sys.stderr)
