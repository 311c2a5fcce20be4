"""The clients of the bound's test, a process of its own: many TLS connections, each idle, downloading, uploading or a
WebSocket, and when the last byte of each came. Speaks JSON lines; times are CLOCK_MONOTONIC, which all processes share.

  {"do": "open", "group": "a", "kind": "idle|download|upload|websocket", "count": 100, "cookie": "..."}
  {"do": "report"}                        what each group and kind has open, and the last bytes of those that ended
  {"do": "probe", "group": "a", "cookie": "..."}   the next request on each idle connection: {status: count}
"""
import asyncio
import collections
import json
import os
import ssl
import sys
import time

PORT, HOST, CA = int(sys.argv[1]), sys.argv[2], sys.argv[3]
PACE = float(sys.argv[4])
AT_ONCE = 64
connections = collections.defaultdict(list)  # (group, kind) to what is held


class Held(asyncio.Protocol):
    """One connection; a plain protocol, since ten thousand streams would cost ten thousand tasks."""

    def __init__(self, kind):
        self.kind, self.last, self.ended, self.how = kind, 0.0, None, None
        self.buffer, self.answer, self.transport = b"", None, None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.last = time.monotonic()
        if self.kind == "websocket" and self.answer is None and data[:1] == b"\x88":
            self.how = "told"
        if self.answer is not None:
            self.buffer += data
            head, mark, rest = self.buffer.partition(b"\r\n\r\n")
            if not mark:
                return
            status = int(head.split(b" ", 2)[1])
            if self.kind == "idle":
                length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n")
                               if line.lower().startswith(b"content-length:")), 0)
                if len(rest) < length:
                    return
            self.buffer = b""
            answer, self.answer = self.answer, None
            if not answer.done():
                answer.set_result(status)

    def connection_lost(self, error):
        self.ended = time.monotonic()
        self.how = self.how or ("reset" if isinstance(error, ConnectionResetError) else "closed")
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(0)

    def ask(self, text):
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(text.encode() if isinstance(text, str) else text)
        return self.answer


def request(method, path, cookie, *more):
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {HOST}:{PORT}", f"Cookie: {cookie}", *more, "", ""])


async def keep_busy(held):
    frame = bytes([0x81, 0x81]) + b"\0\0\0\0" + b"x"
    piece = b"1\r\nx\r\n" if held.kind == "upload" else frame
    while held.ended is None:
        held.transport.write(piece)
        await asyncio.sleep(PACE)


async def open_one(number, group, kind, cookie, context, gate):
    async with gate:
        source = (f"127.0.{1 + number // 4096}.{1 + number % 250}", 0)  # ports and per-address limits are per source
        _, held = await asyncio.get_running_loop().create_connection(
            lambda: Held(kind), "127.0.0.1", PORT, ssl=context, server_hostname=HOST, local_addr=source)
        if kind == "idle":
            status = await held.ask(request("GET", "/hello", cookie))
        elif kind == "download":
            status = await held.ask(request("GET", "/drip", cookie))
        elif kind == "websocket":
            status = await held.ask(request("GET", "/room", cookie, "Upgrade: websocket", "Connection: Upgrade",
                                            f"Origin: https://{HOST}:{PORT}", "Sec-WebSocket-Version: 13",
                                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="))
        else:
            held.transport.write(request("POST", "/sink", cookie, "Transfer-Encoding: chunked").encode())
            status = 200
    if status not in (200, 101):
        raise RuntimeError(f"{kind}: {status}")
    if kind in ("upload", "websocket"):
        asyncio.get_running_loop().create_task(keep_busy(held))
    connections[group, kind].append(held)


async def probe(group, cookie):
    counts = collections.Counter()
    for kind in ("idle",):
        waiting = [held for held in connections[group, kind] if held.ended is None]
        counts["closed"] = len(connections[group, kind]) - len(waiting)
        for start in range(0, len(waiting), 500):
            asked = [held.ask(request("GET", "/hello", cookie)) for held in waiting[start:start + 500]]
            counts.update(str(status) for status in await asyncio.gather(*asked))
    return counts


def report():
    rows = []
    for (group, kind), held in sorted(connections.items()):
        ended = [one for one in held if one.ended is not None]
        rows.append({"group": group, "kind": kind, "open": len(held) - len(ended), "ended": len(ended),
                     "last": max((one.last for one in ended), default=None),
                     "lasts": [round(max(one.last, one.ended), 4) for one in ended] if kind != "idle" else [],
                     "how": collections.Counter(one.how for one in ended),
                     "quietest": min((one.last for one in held if one.ended is None), default=None)})
    return rows


async def answer(command, context, gate):
    if command["do"] == "open":
        first = sum(len(held) for held in connections.values())
        await asyncio.gather(*(open_one(first + i, command["group"], command["kind"], command["cookie"], context, gate)
                               for i in range(command["count"])))
        return {"opened": command["count"]}
    if command["do"] == "report":
        return {"rows": report()}
    if command["do"] == "forget":
        for key in [key for key in connections if key[0] == command["group"] and key[1] != "idle"]:
            for held in connections.pop(key):
                held.transport.abort()
        return {}
    return {"statuses": await probe(command["group"], command["cookie"])}


async def main():
    context = ssl.create_default_context(cafile=CA)
    gate = asyncio.Semaphore(AT_ONCE)
    while line := await asyncio.to_thread(sys.stdin.readline):
        try:
            done = await answer(json.loads(line), context, gate)
        except Exception as error:  # whoever asked decides what it means
            done = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(done), flush=True)
    os._exit(0)


asyncio.run(main())
