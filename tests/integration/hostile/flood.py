"""Holds many hostile connections to one gateway until its standard input ends. Run by test_floods.

    flood.py KIND COUNT PORT CA HOST COOKIE     prints "ready" when all stand

Connections come from 30 loopback addresses, so that the limits for one address are not what is tried."""
import socket
import ssl
import sys
import threading

SOURCES = 30


def connect(number, port):
    sock = socket.socket()
    sock.bind((f"127.0.4.{1 + number % SOURCES}", 0))
    sock.settimeout(20)
    sock.connect(("127.0.0.1", port))
    return sock


def main():
    kind, count, port, ca, host, cookie = sys.argv[1:7]
    count, port = int(count), int(port)
    context = ssl.create_default_context(cafile=ca)
    name = host.partition(":")[0]
    held, drips = [], None
    for number in range(count):
        sock = connect(number, port)
        if kind == "half-open":
            sock.sendall(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a ClientHello
            held.append(sock)
            continue
        sock = context.wrap_socket(sock, server_hostname=name)
        held.append(sock)
        start = f"Host: {host}\r\n{cookie}"
        if kind == "idle":
            sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nSec-Fetch-Mode: navigate\r\n\r\n".encode())
            sock.recv(4096)
        elif kind == "slow-head":
            sock.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        elif kind == "slow-body":
            sock.sendall(f"POST /echo HTTP/1.1\r\n{start}Content-Length: 100000\r\n\r\n".encode())
        elif kind == "slow-read":
            sock.sendall(f"GET /big?50000000 HTTP/1.1\r\n{start}\r\n".encode())
    print("ready", flush=True)
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    drips = kind in ("slow-head", "slow-body")
    while not over.wait(1):
        for sock in held if drips else ():
            try:
                sock.sendall(b"x")
            except OSError:
                pass  # it was cut, as it should be


main()
