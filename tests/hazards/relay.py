"""A stand-in for hivemind-run and the daemon: a run's token table and listener, and a relay to the original destinations.

Invariant: everything the table's owner must do happens here and nowhere else, so that the hazards need no daemon. The
layout is include/hivemind/token_table.h's; a wrong offset shows at once, as nothing is captured then.
"""
import mmap
import os
import select
import socket
import struct
import tempfile
import threading
import time

MAGIC, VERSION, SLOTS, PROCESSES = 0x31424D48, 1, 4096, 512
POLICY, ENVIRONMENT, PROCESS_TABLE, SLOT_TABLE = 64, 2112, 4096, 4096 + 64 * 512
SIZE = SLOT_TABLE + 128 * SLOTS
FREE, CLAIMED, LIVE, ACCEPTED = range(4)
HINT_LLM, FAST_OPEN, LOCAL_SERVER = 1, 2, 4
COUNTERS = ("captured", "by_name", "by_port", "by_socket", "full", "refused", "restored")


class Accepted:
    """One connection that came by a token."""

    def __init__(self, slot):
        (self.flags, self.pid, _, _, address, self.port, self.family, self.scope, self.process, name) = struct.unpack_from(
            "=IiIQ16sHHII64s", slot, 4)
        self.address = socket.inet_ntop(socket.AF_INET6, address).removeprefix("::ffff:")
        self.name = name.split(b"\0")[0].decode()


class Relay:
    def __init__(self, ports, hosts=(), environment=(), preload="", upstream=None, serves=True):
        """`upstream`: where to relay to instead of the original address. Not `serves`: somebody else accepts."""
        self.upstream, self.accepted, self.strangers, self.preload = upstream, [], 0, preload
        self.folder = tempfile.TemporaryDirectory(prefix="hm-hazard-")
        self.path = os.path.join(self.folder.name, "run.table")
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        self.listener.bind(("0.0.0.0", 0))
        self.listener.listen(1024)
        self.port = self.listener.getsockname()[1]
        self._make_table(ports, hosts, environment)
        self._lock, self._filling = threading.Lock(), []
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        if serves:
            self._thread.start()

    def _make_table(self, ports, hosts, environment):
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        os.ftruncate(descriptor, SIZE)
        self.table = mmap.mmap(descriptor, SIZE)
        os.close(descriptor)
        lines = b"".join(line.encode() + b"\0" for line in environment)
        self.table[ENVIRONMENT:ENVIRONMENT + len(lines)] = lines
        struct.pack_into("=IIIIQIHHII", self.table, 0, MAGIC, VERSION, SLOTS, PROCESSES, 0x0123456789ABCDEF, 0, self.port, 0,
                         os.geteuid(), len(lines))
        self.set_policy(ports, hosts)

    def set_policy(self, ports, hosts):
        names = b"".join(host.encode() + b"\0" for host in hosts)
        epoch = struct.unpack_from("=I", self.table, POLICY)[0]
        struct.pack_into("=I", self.table, POLICY, epoch + 1)
        struct.pack_into(f"=I{len(ports)}H", self.table, POLICY + 4, len(ports), *ports)
        struct.pack_into("=I", self.table, POLICY + 40, len(names))
        self.table[POLICY + 44:POLICY + 44 + len(names)] = names
        struct.pack_into("=I", self.table, POLICY, epoch + 2)

    def environment(self, **more):
        """What hivemind-run gives its command."""
        return {"LD_PRELOAD": self.preload, "HIVEMIND_TABLE": self.path, "HIVEMIND_RUN": "0123456789abcdef",
                "HIVEMIND_PRELOAD": self.preload, **more}

    def processes(self):
        """{pid: {comm, counters}}"""
        found = {}
        for i in range(PROCESSES):
            state, pid, comm, *counters = struct.unpack_from("=Ii16s7I", self.table, PROCESS_TABLE + 64 * i)
            if state:
                found[pid] = {"comm": comm.split(b"\0")[0].decode(), **dict(zip(COUNTERS, counters))}
        return found

    def total(self, counter):
        return sum(process[counter] for process in self.processes().values())

    def states(self):
        """How many slots are in each state."""
        counts = [0, 0, 0, 0]
        for i in range(SLOTS):
            counts[self._state(i) & 7] += 1
        return counts

    def fill_table(self):
        for i in range(SLOTS):
            struct.pack_into("=Q", self.table, SLOT_TABLE + 128 * i + 16, time.monotonic_ns())
            self._set_state(i, LIVE)

    def _state(self, slot):
        return struct.unpack_from("=I", self.table, SLOT_TABLE + 128 * slot)[0]

    def _set_state(self, slot, state):
        at = SLOT_TABLE + 128 * slot  # as one word: pack_into clears it first, and the agent would see another generation
        self.table[at:at + 4] = struct.pack("=I", self._state(slot) & ~7 | state)

    def _serve(self):
        while True:
            ready, _, _ = select.select([self.listener, self._woken], [], [])
            if self._woken in ready:
                return
            client, _ = self.listener.accept()
            threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _take(self, client):
        """The slot the client came by, now ACCEPTED; None for a stranger."""
        token = struct.unpack("!I", socket.inet_aton(client.getsockname()[0]))[0]
        slot = token & 0xFFF
        state = self._state(slot)
        if token != 0x7F400000 | (state >> 3 & 0x3FF) << 12 | slot or state & 7 != LIVE:
            return None
        self._set_state(slot, ACCEPTED)
        return slot

    def _relay(self, client):
        with client:
            slot = self._take(client)
            if slot is None:
                self.strangers += 1
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            start = SLOT_TABLE + 128 * slot
            accepted = Accepted(self.table[start:start + 128])
            with self._lock:
                self.accepted.append(accepted)
            try:
                with socket.create_connection(self.upstream or (accepted.address, accepted.port)) as server:
                    self._splice(client, server)
            except OSError:
                pass  # a client that is gone, a server that is not there: the client hears of it by the close
            finally:
                self._set_state(slot, FREE)

    @staticmethod
    def _splice(client, server):
        other, reading = {client: server, server: client}, [client, server]
        while reading:
            for source in select.select(reading, [], [])[0]:
                if data := source.recv(65536):
                    other[source].sendall(data)
                else:
                    other[source].shutdown(socket.SHUT_WR)
                    reading.remove(source)

    def stop_accepting(self):
        """From now on a connect to a token waits: the listener's queue is full."""
        self._wake.send(b"x")
        self._thread.join()
        self.listener.listen(0)
        self._filling = [socket.socket(type=socket.SOCK_STREAM | socket.SOCK_NONBLOCK) for _ in range(8)]
        for s in self._filling:
            s.connect_ex(("127.0.0.1", self.port))

    def stop_listening(self):
        """As when the run ends while a process of it lives on."""
        if self._thread.is_alive():
            self._wake.send(b"x")
            self._thread.join()
        for s in self._filling:
            s.close()
        self.listener.close()

    def close(self):
        if self.listener.fileno() >= 0:
            self.stop_listening()
        self._wake.close()
        self._woken.close()
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Echo:
    """A server on every address of this machine, IPv4 and IPv6, that sends back what comes."""

    def __init__(self):
        self.listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True, backlog=1024)
        self.port = self.listener.getsockname()[1]
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            ready, _, _ = select.select([self.listener, self._woken], [], [])
            if self._woken in ready:
                return
            client, _ = self.listener.accept()
            threading.Thread(target=self._echo, args=(client,), daemon=True).start()

    @staticmethod
    def _echo(client):
        with client:
            try:
                while data := client.recv(65536):
                    client.sendall(data)
            except OSError:
                pass  # the client is gone

    def close(self):
        self._wake.send(b"x")
        self._thread.join()
        self.listener.close()
        self._wake.close()
        self._woken.close()
