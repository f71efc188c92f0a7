"""A client's side of WebSocket (RFC 6455), for asyncio: its upgrade request, frames to send, messages that come; and the
cookie that a web server gives it."""

import base64
import os
import re
import struct

DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/configuration.md")
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Closed(Exception):
    """The connection is gone, with the code that was given."""

    def __init__(self, code=None):
        super().__init__(f"closed ({code})")
        self.code = code


def upgrade(host="edge.example.com", origin=None, subprotocol="sip", version="13", fields=()):
    """The request; `fields` are whole lines: "Cookie: …"."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = ["GET / HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade",
             f"Sec-WebSocket-Key: {key}", f"Sec-WebSocket-Version: {version}", *fields]
    if subprotocol:
        lines.append(f"Sec-WebSocket-Protocol: {subprotocol}")
    if origin:
        lines.append(f"Origin: {origin}")
    return "\r\n".join(lines + ["", ""]).encode()


def session_cookie(name, key, user, expires):
    """NAME=VALUE, as the example of the documentation has web servers make it."""
    with open(DOCUMENT, encoding="utf-8") as file:
        example, = re.findall(r"```python\n(.*?)```", file.read(), re.DOTALL)
    names = {}
    exec(example, names)  # pylint: disable=exec-used
    return f"{name}={names['session_cookie'](name, key.encode(), user, expires)}"


def frame(payload, opcode=TEXT, final=True, masked=True):
    """A client's frame (RFC 6455 §5.2)."""
    length = len(payload)
    first = bytes([(0x80 if final else 0) | opcode])
    mask_bit = 0x80 if masked else 0
    if length < 126:
        head = first + bytes([mask_bit | length])
    elif length < 65536:
        head = first + bytes([mask_bit | 126]) + struct.pack(">H", length)
    else:
        head = first + bytes([mask_bit | 127]) + struct.pack(">Q", length)
    if not masked:
        return head + payload
    mask = os.urandom(4)
    repeated = (mask * (length // 4 + 1))[:length]
    return head + mask + (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(length, "big")


async def read_message(reader, writer):
    """The next message of one frame, pings answered; Closed at the end."""
    while True:
        first, length = await reader.readexactly(2)
        if length == 126:
            length, = struct.unpack(">H", await reader.readexactly(2))
        elif length == 127:
            length, = struct.unpack(">Q", await reader.readexactly(8))
        payload = await reader.readexactly(length)
        opcode = first & 15
        if opcode == CLOSE:
            raise Closed(struct.unpack(">H", payload[:2])[0] if payload else None)
        if opcode == PING:
            writer.write(frame(payload, PONG))
        elif opcode in (TEXT, BINARY):
            return payload
