"""A tap ring in the test's hands (include/hivemind/tap_ring.h): made, read and filled here."""
import mmap
import os
import struct

CELLS, CELL, START = 8192, 2048, 4096
CALLS = "? connect send sendto sendmsg write writev recv recvfrom recvmsg read readv shutdown close".split()


class Record:
    def __init__(self, cell):
        (_, _, self.socket, self.lost, self.result, self.error, self.pid, self.tid, self.fd, call, self.flags, address,
         payload, _) = struct.unpack_from("=QQQQqiiiiIIHHI", cell)
        self.call, self.address, self.payload = CALLS[call], bytes(cell[72:72 + address]), bytes(cell[184:184 + payload])


class Ring:
    def __init__(self, folder):
        self.path = os.path.join(folder, "run.tap")
        with open(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "r+b") as file:
            file.truncate(START + CELLS * CELL)
            self.memory = mmap.mmap(file.fileno(), 0)
        struct.pack_into("=IIII", self.memory, 0, 0x31544D48, 1, CELLS, os.geteuid())
        self.read = 0

    def records(self):
        """What was written since the last call."""
        found = []
        for position in range(self.read, self.written()):
            at = START + CELL * (position % CELLS)
            if struct.unpack_from("=Q", self.memory, at)[0] != 2 * (position // CELLS) + 1:
                break
            found.append(Record(memoryview(self.memory)[at:at + CELL]))
            self.memory[at:at + 8] = struct.pack("=Q", 2 * (position // CELLS) + 2)
            self.read = position + 1
        return found

    def written(self):
        return struct.unpack_from("=Q", self.memory, 64)[0]

    def lost(self):
        return struct.unpack_from("=Q", self.memory, 128)[0]

    def fill(self):
        """No room for any record."""
        for i in range(CELLS):
            struct.pack_into("=Q", self.memory, START + CELL * i, 1)
        struct.pack_into("=Q", self.memory, 64, CELLS)
