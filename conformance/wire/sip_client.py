"""A user agent over TCP, TLS or a WebSocket on either, for asyncio: as small as a test may have it.

    connection = await Connection.open(port, tls=context, server_name="edge.example.com", web_socket=True)
    answer = await connection.request("OPTIONS", "sip:edge.example.com")
    await Call(connection, "sip:service@127.0.0.1:5070").run()
"""

import asyncio
import os
import re
import socket

from peers import HOST, Failure
from web_socket import Closed, frame, read_message, upgrade

ANSWER_SECONDS = 20


class Message:
    def __init__(self, text):
        head, _, self.body = text.partition("\r\n\r\n")
        self.start, *lines = head.split("\r\n")
        self.fields = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]

    def all(self, name):
        return [value for each, value in self.fields if each == name.lower()]

    def get(self, name):
        return (self.all(name) or [None])[0]

    @property
    def status(self):
        found = re.match(r"SIP/2\.0 (\d{3})", self.start)
        return int(found.group(1)) if found else None


class Connection:
    """One connection and who waits on it for what: answers go by Call-ID, requests to `requests`."""

    def __init__(self, reader, writer, web_socket):
        self.reader, self.writer, self.web_socket = reader, writer, web_socket
        self.waiting = {}
        self.requests = asyncio.Queue()
        self.closed = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(self._receive())

    @classmethod
    async def open(cls, port, tls=None, server_name=None, web_socket=False, first=b"", **asked):
        """`first` goes before everything else, TLS included: a PROXY header. `asked`: of the upgrade request."""
        early_tls = {"ssl": tls, "server_hostname": server_name} if tls and not first else {}
        reader, writer = await asyncio.open_connection(HOST, port, **early_tls)
        if first:
            writer.write(first)
            await writer.drain()
            if tls:
                await writer.start_tls(tls, server_hostname=server_name)
        if web_socket:
            writer.write(upgrade(**asked))
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            if not head.startswith("HTTP/1.1 101 "):
                raise Failure(f"no WebSocket: {head}")
        return cls(reader, writer, web_socket)

    @property
    def via(self):
        tls = self.writer.get_extra_info("ssl_object") is not None
        return ("WSS" if tls else "WS") if self.web_socket else ("TLS" if tls else "TCP")

    @property
    def local(self):
        if self.web_socket:
            return "client.invalid"
        return "%s:%d" % self.writer.get_extra_info("sockname")[:2]

    def certificate(self):
        """The DNS names of the server's certificate."""
        return [name for kind, name in self.writer.get_extra_info("peercert")["subjectAltName"] if kind == "DNS"]

    def send(self, text):
        payload = text.encode() if isinstance(text, str) else text
        self.writer.write(frame(payload) if self.web_socket else payload)

    async def close(self):
        self.task.cancel()
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except OSError:
            pass

    async def _receive(self):
        try:
            while True:
                self._deliver(Message((await self._message()).decode()))
        except Closed as closed:
            self.closed.set_result(closed.code)
        except (asyncio.IncompleteReadError, OSError):
            self.closed.set_result(None)

    async def _message(self):
        if self.web_socket:
            return await read_message(self.reader, self.writer)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"\r\nContent-Length: *(\d+)", head, re.IGNORECASE)
        return head + await self.reader.readexactly(int(length.group(1)) if length else 0)

    def _deliver(self, message):
        if message.status is None:
            self.requests.put_nowait(message)
        elif message.get("Call-ID") in self.waiting:
            self.waiting[message.get("Call-ID")].put_nowait(message)

    def listen(self, call_id):
        self.waiting[call_id] = asyncio.Queue()
        return self.waiting[call_id]

    async def final(self, call_id, method):
        """The final answer to the last `method` of that call."""
        while True:
            try:
                answer = await asyncio.wait_for(self.waiting[call_id].get(), ANSWER_SECONDS)
            except asyncio.TimeoutError:
                raise Failure(f"no answer to {method} of {call_id}") from None
            if answer.status >= 200 and answer.get("CSeq").endswith(method):
                return answer

    async def request(self, method, uri, fields=(), to=None):
        """One request outside of dialogs, and its final answer."""
        call_id = os.urandom(8).hex()
        self.listen(call_id)
        self.send(request(self, method, uri, call_id, 1, to or f"<{uri}>", fields))
        try:
            return await self.final(call_id, method)
        finally:
            del self.waiting[call_id]


def request(connection, method, uri, call_id, number, to, fields=(), branch=None):
    branch = branch or os.urandom(8).hex()
    return "\r\n".join([
        f"{method} {uri} SIP/2.0", f"Via: SIP/2.0/{connection.via} {connection.local};branch=z9hG4bK{branch};rport",
        "Max-Forwards: 70", f"From: <sip:caller@example.com>;tag={call_id[:8]}", f"To: {to}", f"Call-ID: {call_id}",
        f"CSeq: {number} {method}", *fields, "Content-Length: 0", "", ""])


class Call:
    """INVITE, ACK, a while, BYE, by the route set; any other end is a Failure."""

    def __init__(self, connection, uri, talk=0.0):
        self.connection, self.uri, self.talk = connection, uri, talk
        self.call_id = os.urandom(8).hex()

    async def run(self):
        connection, call_id = self.connection, self.call_id
        connection.listen(call_id)
        transport = connection.via.lower().replace("wss", "ws")
        contact = f"Contact: <sip:caller@{connection.local};transport={transport}>"
        connection.send(request(connection, "INVITE", self.uri, call_id, 1, f"<{self.uri}>", [contact]))
        answer = await connection.final(call_id, "INVITE")
        if answer.status != 200:
            raise Failure(f"INVITE of {call_id} got {answer.start}")
        target = re.search(r"<([^>]+)>", answer.get("Contact")).group(1)
        routes = [f"Route: {value}" for line in reversed(answer.all("Record-Route"))
                  for value in reversed(line.split(","))]
        connection.send(request(connection, "ACK", target, call_id, 1, answer.get("To"), routes))
        await asyncio.sleep(self.talk)
        connection.send(request(connection, "BYE", target, call_id, 2, answer.get("To"), routes))
        answer = await connection.final(call_id, "BYE")
        if answer.status != 200:
            raise Failure(f"BYE of {call_id} got {answer.start}")
        del connection.waiting[call_id]


class Callee(asyncio.DatagramProtocol):
    """A user agent over UDP that takes every call. It keeps nothing, so a request that comes twice gets its answer twice."""

    @classmethod
    async def listen(cls, port):
        with_room = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with_room.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        with_room.bind((HOST, port))
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(cls, sock=with_room)
        return transport

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, sender):
        asked = Message(data.decode())
        method = asked.start.split(" ")[0]
        if method == "INVITE":
            self._answer(asked, "180 Ringing", sender)
        if method != "ACK":
            self._answer(asked, "200 OK", sender)

    def _answer(self, asked, status, sender):
        copied = [f"{name}: {value}" for name, value in asked.fields
                  if name in ("via", "record-route", "from", "call-id", "cseq")]
        to = asked.get("To") + ("" if ";tag=" in asked.get("To") else f";tag={asked.get('Call-ID')[:6]}")
        contact = "<sip:%s:%d>" % self.transport.get_extra_info("sockname")[:2]
        self.transport.sendto("\r\n".join([f"SIP/2.0 {status}", *copied, f"To: {to}", f"Contact: {contact}",
                                           "Content-Length: 0", "", ""]).encode(), sender)
