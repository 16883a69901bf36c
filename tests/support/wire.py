"""Bytes on the wire: captured connections in the test's own hands, and a server that says what it is told to.

A Connector lives under hivemind-run and passes its connected sockets to the test, which so speaks as an agent would,
byte by byte. A Server is what HiveMind forwards to.
"""
import os
import socket
import ssl
import threading

HERE = os.path.dirname(os.path.abspath(__file__))


class Connector:
    def __init__(self, home, options=(), timeout=20):
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = home.start("/usr/bin/python3", os.path.join(HERE, "connector.py"), str(theirs.fileno()),
                                      options=options, pass_fds=(theirs.fileno(),))
        self.channel, self.timeout, self.connections = ours, timeout, []
        self.channel.settimeout(timeout)
        try:
            up = self.channel.recv(16) == b"up\n"
        except TimeoutError:
            up = False
        if not up:
            raise AssertionError(f"the connector did not start\n{self.process.describe()}")

    def connect(self, address, port):
        """A captured connection; `address` may be "@name". Raises what connect() raised there."""
        self.channel.sendall(f"{address} {port}\n".encode())
        data, fds, _, _ = socket.recv_fds(self.channel, 64, 1)
        if not fds:
            number = int(data or b"5")
            raise OSError(number, os.strerror(number))
        s = socket.socket(fileno=fds[0])
        s.settimeout(self.timeout)
        self.connections.append(s)
        return s

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for s in self.connections:
            s.close()
        self.channel.close()
        self.process.stop()


class Server:
    """Listens on a loopback port; each connection is given to `handler(socket)` in a thread of its own.

    What a handler raises is kept in `errors` and fails the test at the end, but for connections broken off.
    """

    def __init__(self, handler, tls=None, address="127.0.0.1"):
        self.handler, self.tls, self.errors, self.connections = handler, tls, [], 0
        self.ca, self.address = None, address
        self.listener = socket.create_server((address, 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self._open = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.add(s)
            threading.Thread(target=self._serve, args=(s,), daemon=True).start()

    def _serve(self, s):
        s.settimeout(30)
        try:
            with self.tls.wrap_socket(s, server_side=True) if self.tls else s as connection:
                self.handler(connection)
        except (ConnectionError, TimeoutError, ssl.SSLError):
            pass
        except Exception as error:
            self.errors.append(error)
        finally:
            self._open.discard(s)
            s.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for s in list(self._open):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        if self.errors and kind is None:
            raise AssertionError(f"the server's handler failed: {self.errors!r}")


def read_until(s, mark, limit=1 << 20):
    """Bytes up to and with `mark`, and what came after it."""
    data = b""
    while mark not in data:
        part = s.recv(65536)
        if not part or len(data) > limit:
            raise ConnectionError(f"ended before {mark!r}: {data[-300:]!r}")
        data += part
    end = data.index(mark) + len(mark)
    return data[:end], data[end:]


def read_all(s):
    data = b""
    while part := s.recv(65536):
        data += part
    return data


def read_exactly(s, size, begun=b""):
    data = bytearray(begun)
    while len(data) < size:
        part = s.recv(1 << 18)
        if not part:
            raise ConnectionError(f"ended after {len(data)} of {size}")
        data += part
    return bytes(data)


def content_length(head):
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


def read_message(s, begun=b""):
    """(head, body, rest) of a message framed by Content-Length."""
    if b"\r\n\r\n" in begun:
        end = begun.index(b"\r\n\r\n") + 4
        head, rest = begun[:end], begun[end:]
    else:
        more, rest = read_until(_Begun(s, begun), b"\r\n\r\n")
        head = more
    size = content_length(head)
    body = read_exactly(s, size, rest) if len(rest) < size else rest
    return head, body[:size], body[size:]


class _Begun:
    def __init__(self, s, begun):
        self.s, self.begun = s, begun

    def recv(self, size):
        begun, self.begun = self.begun, b""
        return begun or self.s.recv(size)
