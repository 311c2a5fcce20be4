#!/usr/bin/python3
"""The demo's chat: one page and one WebSocket room, standard library only.

    chat.py PORT

It shows what an app behind the gateway sees: names come from the gateway's signed assertion,
not from the browser. (A real app verifies the signature; the guide for app owners says how.)
"""
import asyncio
import base64
import hashlib
import json
import struct
import sys

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MESSAGE_MAX = 1 << 20

PAGE = """<!doctype html>
<html lang="ja"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>連絡室 / Chat</title><link rel="stylesheet" href="/chat.css"></head><body>
<h1>連絡室 <small lang="en">Chat</small></h1>
<p id="state">接続しています / <span lang="en">connecting</span></p>
<ol id="lines" aria-live="polite"></ol>
<form id="say"><label>発言 / <span lang="en">Say</span> <input id="text" autocomplete="off" maxlength="500"></label> <button>送る / <span lang="en">Send</span></button></form>
<script src="/chat.js"></script></body></html>
"""
STYLE = "body{font:1rem/1.7 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}#lines{min-height:8rem}"
SCRIPT = """'use strict';
const state = document.getElementById('state'), lines = document.getElementById('lines'), text = document.getElementById('text');
const room = new WebSocket('wss://' + location.host + '/room');
room.onopen = () => { state.textContent = 'つながりました / connected'; };
room.onclose = () => { state.textContent = '切れました / the connection has ended'; };
room.onmessage = (event) => {
  const said = JSON.parse(event.data), line = document.createElement('li');
  line.textContent = said.who + ': ' + said.text;
  lines.append(line);
};
document.getElementById('say').addEventListener('submit', (event) => {
  event.preventDefault();
  if (text.value) room.send(text.value);
  text.value = '';
});
"""
FILES = {"/": ("text/html; charset=utf-8", PAGE), "/chat.css": ("text/css", STYLE), "/chat.js": ("text/javascript", SCRIPT)}
room = set()


def name_in(assertion):
    """The name the gateway asserts, for display only."""
    try:
        body = assertion.split(".")[1]
        facts = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return str(facts.get("name") or facts.get("sub") or "?")[:60]
    except (IndexError, ValueError):
        return "?"


async def read_head(reader):
    raw = await reader.readuntil(b"\r\n\r\n")
    first, *lines = raw.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    fields = {}
    for line in lines:
        key, _, value = line.partition(":")
        fields[key.strip().lower()] = value.strip()
    return method, target.split("?")[0], fields


def frame(opcode, payload):
    size = len(payload)
    if size < 126:
        return bytes([0x80 | opcode, size]) + payload
    if size < 65536:
        return bytes([0x80 | opcode, 126]) + struct.pack(">H", size) + payload
    return bytes([0x80 | opcode, 127]) + struct.pack(">Q", size) + payload


async def read_frame(reader):
    first, second = await reader.readexactly(2)
    size = second & 127
    if size == 126:
        size = struct.unpack(">H", await reader.readexactly(2))[0]
    elif size == 127:
        size = struct.unpack(">Q", await reader.readexactly(8))[0]
    if not second & 128 or size > MESSAGE_MAX:
        raise ValueError("a client's frame is masked and of reasonable size")
    mask = await reader.readexactly(4)
    data = await reader.readexactly(size)
    stream = (mask * (size // 4 + 1))[:size]
    plain = (int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")).to_bytes(size, "big") if size else b""
    return first & 15, plain


async def say(who, text):
    line = frame(1, json.dumps({"who": who, "text": text}, ensure_ascii=False).encode())
    for writer in list(room):
        writer.write(line)
    await asyncio.gather(*(w.drain() for w in list(room)), return_exceptions=True)


async def serve_room(reader, writer, fields):
    accept = base64.b64encode(hashlib.sha1((fields["sec-websocket-key"] + GUID).encode()).digest()).decode()
    writer.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  f"Sec-WebSocket-Accept: {accept}\r\n\r\n").encode())
    who = name_in(fields.get("sekisho-assertion", ""))
    room.add(writer)
    try:
        await say("*", f"{who} が入りました / has come in")
        while True:
            opcode, payload = await read_frame(reader)
            if opcode == 8:
                writer.write(frame(8, payload[:2]))
                break
            if opcode == 9:
                writer.write(frame(10, payload))
            elif opcode == 1:
                await say(who, payload.decode("utf-8", "replace"))
            elif opcode == 2:
                writer.write(frame(2, payload))
            await writer.drain()
    finally:
        room.discard(writer)


async def serve_page(writer, method, path):
    kind, text = FILES.get(path, ("text/plain; charset=utf-8", "ありません / Not here\n"))
    body = text.encode()
    status = "200 OK" if path in FILES else "404 Not Found"
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nCache-Control: no-cache\r\n\r\n"
    writer.write(head.encode() + (b"" if method == "HEAD" else body))
    await writer.drain()


async def serve(reader, writer):
    try:
        while True:
            method, path, fields = await read_head(reader)
            if path == "/room" and "websocket" in fields.get("upgrade", "").lower() and "sec-websocket-key" in fields:
                await serve_room(reader, writer, fields)
                break
            size = int(fields.get("content-length", "0") or 0)
            if size:
                await reader.readexactly(min(size, MESSAGE_MAX))
            await serve_page(writer, method, path)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError):
        pass
    finally:
        writer.close()


async def main(port):
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    print(json.dumps({"message": "ready", "port": server.sockets[0].getsockname()[1]}), flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
    except KeyboardInterrupt:
        pass
