"""The app behind the bound's test, a process of its own: downloads that drip, uploads that never end, WebSockets that
echo. Prints its port."""
import asyncio
import base64
import hashlib
import sys

PACE = float(sys.argv[1]) if len(sys.argv) > 1 else 0.5


async def head_of(reader):
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    fields = dict(line.split(":", 1) for line in lines[1:] if ":" in line)
    return lines[0].split(" ")[1], {name.lower(): value.strip() for name, value in fields.items()}


async def drip(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1\r\nx\r\n")
        await writer.drain()
        await asyncio.sleep(PACE)


async def swallow(reader):
    while await reader.read(65536):
        pass


async def echo(reader, writer, fields):
    accept = hashlib.sha1((fields["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 b"Sec-WebSocket-Accept: " + base64.b64encode(accept) + b"\r\n\r\n")
    while True:
        first, second = await reader.readexactly(2)
        size = second & 0x7F
        mask = await reader.readexactly(4)
        body = await reader.readexactly(size)
        if first & 15 == 8:
            return
        writer.write(bytes([0x81, size]) + bytes(b ^ mask[i % 4] for i, b in enumerate(body)))


async def serve(reader, writer):
    try:
        while True:
            path, fields = await head_of(reader)
            if fields.get("upgrade", "").lower() == "websocket":
                return await echo(reader, writer, fields)
            if path.endswith("/drip"):
                return await drip(writer)
            if path.endswith("/sink"):
                return await swallow(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes")
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)  # ends with whoever started it


asyncio.run(main())
