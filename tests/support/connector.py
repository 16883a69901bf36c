"""Runs under hivemind-run: makes the connections a test asks for and hands them over.

On descriptor FD (a Unix socket) a request is "ADDRESS PORT\\n" or "@NAME PORT\\n" (resolved here, as programs do);
the answer is the connected socket, or "ERRNO\\n".
"""
import socket
import sys


def main():
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.sendall(b"up\n")
    while request := channel.recv(512):
        address, port = request.decode().split()
        try:
            if address.startswith("@"):
                address = socket.getaddrinfo(address[1:], int(port), socket.AF_INET, socket.SOCK_STREAM)[0][4][0]
            with socket.create_connection((address, int(port)), timeout=20) as s:
                s.setblocking(True)
                socket.send_fds(channel, [b"ok\n"], [s.fileno()])
        except OSError as error:
            channel.sendall(f"{error.errno}\n".encode())


main()
