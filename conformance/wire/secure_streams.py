#!/usr/bin/python3
"""TLS, WebSocket and PROXY headers over real sockets, good and bad, through the whole program.

    conformance/wire/secure_streams.py PROGRAM
"""

import asyncio
import base64
import os
import socket
import ssl
import struct
import sys
import time

from certificates import make_authority, make_certificate
from peers import HOST, Failure, Intermediary, answers_options, free_ports, run
from sip_client import Connection, request
from web_socket import BINARY, CLOSE, PING, frame, session_cookie, upgrade

SLOW = 60  # connections that never finish a handshake
HANDSHAKE_SECONDS = 5
BEHIND = "192.0.2.7"  # who may relay, and comes by a balancer only
COOKIE_KEY = "0123456789abcdef0123456789abcdef"


def config(ports):
    return f"""
listen = [
  {{ name = "udp", on = "udp:{HOST}:{ports.udp}" }},
  {{ name = "tcp", on = "tcp:{HOST}:{ports.tcp}", websocket = true }},
  {{ name = "tls", on = "tls:{HOST}:{ports.tls}", cert = ["edge", "other"], websocket = true }},
  {{ name = "wss", on = "wss:{HOST}:{ports.wss}", cert = "edge", origins = ["https://phone.example.com"] }},
  {{ name = "people", on = "wss:{HOST}:{ports.people}", cert = "edge", origins = ["https://phone.example.com"], handshake_auth = "people" }},
  {{ name = "strict", on = "tls:{HOST}:{ports.strict}", cert = "edge", client_certificate = "require" }},
  {{ name = "balanced", on = "tls:{HOST}:{ports.balanced}", cert = "edge", proxy_protocol = ["{HOST}"] }}]
domains = ["example.com"]
[certificate.edge]
chain = "edge.pem"
key = "edge.key"
[certificate.other]
chain = "other.pem"
key = "other.key"
[tls]
authorities = "ca.pem"
[auth.users]
realm = "example.com"
users = {{ alice = "secret" }}
[handshake_auth.people]
auth = "users"
cookie = "session"
cookie_key = "{COOKIE_KEY}"
[[rule]]
name = "registrations"
when = {{ method = "REGISTER", ruri_domain = "local" }}
do   = {{ register = "location" }}
[[rule]]
name = "to-users"
when = {{ ruri_domain = "local" }}
do   = {{ lookup = "location" }}
[[rule]]
name = "from-behind"
when = {{ source = ["{BEHIND}"] }}
do   = {{ relay = "request-uri" }}
"""


class Ports:
    NAMES = ("udp", "tcp", "tls", "wss", "people", "strict", "balanced")

    def __init__(self):
        for name, port in zip(self.NAMES, free_ports(len(self.NAMES))):
            setattr(self, name, port)


def expect(got, wanted, what):
    if got != wanted:
        raise Failure(f"{what}: expected {wanted!r}, got {got!r}")


async def status(connection, uri="sip:example.com"):
    return (await connection.request("OPTIONS", uri)).status


async def raw(port, data, tls=None):
    """All that comes back until the end of the connection."""
    reader, writer = await asyncio.open_connection(
        HOST, port, **({"ssl": tls, "server_hostname": "edge.example.com"} if tls else {}))
    writer.write(data)
    try:
        return await asyncio.wait_for(reader.read(), 10)
    except asyncio.TimeoutError:
        raise Failure(f"{data[:40]!r}: the connection stays") from None
    except OSError:
        return b"reset"
    finally:
        writer.close()


async def shared_listeners(ports, trusting):
    for tls, port, web_socket, via in ((trusting, ports.tls, False, "TLS"), (trusting, ports.tls, True, "WSS"),
                                       (None, ports.tcp, False, "TCP"), (None, ports.tcp, True, "WS")):
        connection = await Connection.open(port, tls, "edge.example.com" if tls else None, web_socket)
        expect(connection.via, via, "transport")
        expect(await status(connection), 200, f"OPTIONS over {via}")
        await connection.close()


async def names(ports, trusting):
    for name in ("edge.example.com", "other.example.net"):
        connection = await Connection.open(ports.tls, trusting, name)
        expect(connection.certificate(), [name], "the certificate for " + name)
        await connection.close()


async def client_certificates(folder, ports, trusting):
    try:
        connection = await Connection.open(ports.strict, trusting, "edge.example.com")
        await asyncio.wait_for(connection.closed, 10)  # TLS 1.3: refused after the handshake, as the client sees it
        await connection.close()
    except ssl.SSLError:
        pass
    known = ssl.create_default_context(cafile=os.path.join(folder, "ca.pem"))
    known.load_cert_chain(os.path.join(folder, "other.pem"), os.path.join(folder, "other.key"))
    connection = await Connection.open(ports.strict, known, "edge.example.com")
    expect(await status(connection), 200, "OPTIONS with a client's certificate")
    await connection.close()


async def refused_upgrades(ports, trusting):
    for what, bytes_sent, answer in (
            ("another origin", upgrade(origin="https://evil.example"), b"HTTP/1.1 403 "),
            ("no origin", upgrade(), b"HTTP/1.1 403 "),
            ("no subprotocol", upgrade(origin="https://phone.example.com", subprotocol=None), b"HTTP/1.1 400 "),
            ("an old version", upgrade(origin="https://phone.example.com", version="8"), b"HTTP/1.1 426 "),
            ("a plain GET", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 426 "),
            ("no HTTP", b"OPTIONS sip:a SIP/2.0\r\n\r\n", b"HTTP/1.1 400 "),
            ("no end", b"GET / HTTP/1.1\r\nX: " + b"x" * 10000, b"HTTP/1.1 431 ")):
        expect((await raw(ports.wss, bytes_sent, trusting))[:len(answer)], answer, what)


async def authenticated_upgrades(ports, trusting):
    """RFC 7118 §7: who opens a WebSocket is known by a session cookie or by Basic credentials."""
    now = time.time()
    good, expired = (f"Cookie: theme=dark; {session_cookie('session', COOKIE_KEY, 'alice', now + more)}"
                     for more in (60, -1))
    basic, wrong = ("Authorization: Basic " + base64.b64encode(text).decode()
                    for text in (b"alice:secret", b"alice:wrong"))
    origin = "https://phone.example.com"
    challenge = b'\r\nWWW-Authenticate: Basic realm="example.com", charset="UTF-8"\r\n'
    for what, fields in (("no credentials", []), ("an expired cookie", [expired]), ("a cookie of nobody's making",
                         [good[:-1] + ("A" if good[-1] != "A" else "B")]), ("a wrong password", [wrong])):
        answer = await raw(ports.people, upgrade(origin=origin, fields=fields), trusting)
        expect(answer[:13], b"HTTP/1.1 401 ", what)
        expect(challenge in answer, True, f"{what}: a challenge")
    for what, fields in (("a cookie", [good]), ("a password", [basic]), ("an old cookie and a password", [expired, basic])):
        connection = await Connection.open(ports.people, trusting, "edge.example.com", True, origin=origin, fields=fields)
        expect(await status(connection), 200, f"OPTIONS of somebody with {what}")
        await connection.close()
    answer = await raw(ports.people, upgrade(origin="https://evil.example", fields=[good]), trusting)
    expect(answer[:13], b"HTTP/1.1 403 ", "a page of somebody else's, with the user's cookie")


async def wrong_frames(ports):
    for what, bytes_sent, code in (
            ("no mask", frame(b"hello", masked=False), 1002), ("a reserved bit", b"\xf1" + frame(b"x")[1:], 1002),
            ("too much", frame(b"x" * 70000), 1009), ("too much in pieces", frame(b"x" * 60000, final=False)
             + frame(b"x" * 6000, opcode=0), 1009), ("no UTF-8", frame(b"\xff"), 1007),
            ("a close", frame(struct.pack(">H", 1001), CLOSE), 1001)):
        connection = await Connection.open(ports.tcp, web_socket=True)
        connection.writer.write(bytes_sent)
        expect(await asyncio.wait_for(connection.closed, 10), code, what)
        await connection.close()


async def frames_of_all_kinds(ports):
    connection = await Connection.open(ports.tcp, web_socket=True)
    text = request(connection, "OPTIONS", "sip:example.com", "pieces", 1, "<sip:example.com>").encode()
    connection.listen("pieces")
    connection.writer.write(frame(text[:50], BINARY, final=False) + frame(b"?", PING) + frame(text[50:], opcode=0))
    expect((await connection.final("pieces", "OPTIONS")).status, 200, "OPTIONS in pieces of binary frames")
    await connection.close()


def register(connection, user):
    contact = f"Contact: <sip:{user}@{connection.local};transport=ws>;expires=600"
    return connection.request("REGISTER", "sip:example.com", [contact], to=f"<sip:{user}@example.com>")


async def stale_contact(ports):
    """A WebSocket client is called over its connection; when that is gone, nobody is rung (RFC 7118, lesson: 430 or 480)."""
    connection = await Connection.open(ports.tcp, web_socket=True)
    expect((await register(connection, "web")).status, 200, "REGISTER over WebSocket")
    caller = await Connection.open(ports.tcp)
    answer = asyncio.create_task(caller.request("MESSAGE", "sip:web@example.com"))
    message = await asyncio.wait_for(connection.requests.get(), 10)
    copied = [f"{name}: {value}" for name, value in message.fields if name in ("via", "from", "to", "call-id", "cseq")]
    connection.send("\r\n".join(["SIP/2.0 200 OK", *copied, "Content-Length: 0", "", ""]))
    expect((await answer).status, 200, "MESSAGE to a WebSocket client")
    await connection.close()
    started = time.monotonic()
    gone = (await caller.request("MESSAGE", "sip:web@example.com")).status
    if gone not in (430, 480) or time.monotonic() - started > 1:
        raise Failure(f"MESSAGE to a client that is gone got {gone} after {time.monotonic() - started:.1f} s")
    await caller.close()


async def proxy_headers(ports, trusting):
    text = f"PROXY TCP4 {BEHIND} {HOST} 40000 5061\r\n".encode()
    binary = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + socket.inet_aton(BEHIND) + socket.inet_aton(HOST) + b"\x9c\x40\x13\xc5"
    other = text.replace(b".7 ", b".8 ")
    elsewhere = f"sip:nobody@{HOST}:{ports.udp + 1};transport=udp"
    for header, relays in ((text, True), (binary, True), (other, False)):
        connection = await Connection.open(ports.balanced, trusting, "edge.example.com", first=header)
        got = await status(connection, elsewhere)
        expect(got not in (403, 404), relays, f"relayed behind {header[:30]!r} ({got})")
        await connection.close()
    for what, port, data in (("no header", ports.balanced, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"),
                             ("a header from a stranger", ports.tcp, text), ("a binary one", ports.tcp, binary)):
        if not (await raw(port, data)) in (b"", b"reset"):
            raise Failure(f"{what}: answered")


async def slow_handshakes(ports, trusting):
    """Most of one source's places are held by connections that say half a thing; others are served meanwhile."""
    half = upgrade()[:40]
    started = time.monotonic()
    slow = [await asyncio.open_connection(HOST, port) for port in [ports.wss, ports.tcp] * (SLOW // 2)]
    for _, writer in slow[1::2]:
        writer.write(half)
    connection = await Connection.open(ports.tls, trusting, "edge.example.com")
    expect(await status(connection), 200, "OPTIONS beside slow handshakes")
    if time.monotonic() - started > HANDSHAKE_SECONDS - 1:
        raise Failure("OPTIONS beside slow handshakes came late")
    await connection.close()
    for reader, writer in slow:
        await asyncio.wait_for(reader.read(), HANDSHAKE_SECONDS + 3)
        writer.close()
    if time.monotonic() - started < HANDSHAKE_SECONDS - 0.5:
        raise Failure("slow handshakes ended before their time")


async def all_of_it(folder, ports):
    trusting = ssl.create_default_context(cafile=os.path.join(folder, "ca.pem"))
    await shared_listeners(ports, trusting)
    await names(ports, trusting)
    await client_certificates(folder, ports, trusting)
    await refused_upgrades(ports, trusting)
    await authenticated_upgrades(ports, trusting)
    await wrong_frames(ports)
    await frames_of_all_kinds(ports)
    await stale_contact(ports)
    await proxy_headers(ports, trusting)
    await slow_handshakes(ports, trusting)


def test(folder, program):
    ports = Ports()
    make_authority(folder)
    make_certificate(folder, "edge", ["DNS:edge.example.com"])
    make_certificate(folder, "other", ["DNS:other.example.net"])
    with Intermediary(program, folder, ports.udp, config(ports)) as intermediary:
        intermediary.wait_ready()
        try:
            asyncio.run(all_of_it(folder, ports))
            expect(answers_options(ports.udp, "end"), 200, "OPTIONS in the end")
        except Exception as failure:
            raise Failure(f"{failure!r}\n{intermediary.tail()}") from failure
        figures = intermediary.stop()
    print(", ".join(f"{name} {value}" for name, value in figures.items()))
    for name, least in (("handshakes_failed", SLOW + 14), ("handshakes_refused", 0)):
        if figures[name] < least:
            raise Failure(f"{name}: {figures[name]}")


if __name__ == "__main__":
    sys.exit(run(lambda folder: test(folder, os.path.abspath(sys.argv[1]))))
