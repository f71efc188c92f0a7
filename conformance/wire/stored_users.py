#!/usr/bin/python3
"""Users of a realm in a store that others write: who is put there gets in, who is taken out does not, and a store that
is away, silent or back again does what the documentation says.

    conformance/wire/stored_users.py PROGRAM sqlite|redis
"""

import hashlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time

from intrusions import DOMAIN, Intruder, digest
from peers import HOST, Failure, Intermediary, free_ports, run, wait_until
from registrations import Redis
from stores import expect, stays_prompt

REMEMBER_SECONDS = 1.0
CONTACT = f"Contact: <sip:me@{HOST}:5099>"


def secret(user, password, algorithm="sha256"):
    return hashlib.new(algorithm, f"{user}:{DOMAIN}:{password}".encode()).hexdigest()


def config(port, users):
    return f"""
listen  = [{{ name = "udp", on = "udp:{HOST}:{port}" }}]
domains = ["{DOMAIN}"]
[auth.customers]
realm    = "{DOMAIN}"
users    = "{users}"
remember = "1s"
timeout  = "1s"
stale    = "1h"
[[rule]]
name = "registrations"
when = {{ method = "REGISTER", ruri_domain = "local" }}
do   = {{ challenge = "customers", register = "location" }}
"""


class Agent(Intruder):
    def __init__(self, server):
        super().__init__(server, None, HOST)

    def attempt(self, user, password):
        """The answer to a REGISTER with credentials for a new challenge."""
        credentials = digest(self.challenge(), user, password, "REGISTER", f"sip:{DOMAIN}")
        return self.ask("REGISTER", f"sip:{DOMAIN}", [credentials, CONTACT], to=f"<sip:{user}@{DOMAIN}>")

    def expect(self, what, user, password, status):
        answer = self.attempt(user, password)
        self.must(answer.status == status, f"{what}: {answer.start}, not {status}")
        return answer


def start(program, folder, name, users):
    home = os.path.join(folder, name)
    os.makedirs(home, exist_ok=True)
    port, = free_ports(1)
    server = Intermediary(program, home, port, config(port, users))
    server.wait_ready()
    return server


def is_told(server, *words):
    wait_until(lambda: any(all(word in line for word in words) for line in server.log().split("\n")), 5,
               f"a line of the log with {words}")


def shape(answer):
    """All that an answer says, but what is drawn for each."""
    passing = ("via", "call-id", "cseq", "from", "to", "www-authenticate")
    return answer.start, [each for each in answer.fields if each[0] not in passing], \
        [value.split("nonce=")[0] for name, value in answer.fields if name == "www-authenticate"]


def forget():
    time.sleep(REMEMBER_SECONDS + 0.1)


def in_and_out(agent, put, remove):
    """What both stores do. alice is there."""
    agent.expect("alice", "alice", "secret", 200)
    wrong = agent.expect("alice with another password", "alice", "wrong", 401)
    nobody = agent.expect("nobody", "nobody", "wrong", 401)
    expect("the answer to nobody", shape(nobody), shape(wrong))
    put("carol", "first")
    agent.expect("carol", "carol", "first", 200)
    put("carol", "second")
    forget()
    agent.expect("carol with her new password", "carol", "second", 200)
    agent.expect("carol with her old password", "carol", "first", 401)
    remove("carol")
    forget()
    agent.expect("carol, who has gone", "carol", "second", 401)


def check(program, folder, users, *options):
    path = os.path.join(folder, "checked.toml")
    port, = free_ports(1)
    with open(path, "w", encoding="utf-8") as file:
        file.write(config(port, users))
    return subprocess.run([program, "check", *options, path], capture_output=True, text=True, timeout=20, check=False)


def on_sqlite(program, folder):
    path = os.path.join(folder, "users.db")

    def make(name):
        with sqlite3.connect(name) as database:
            database.execute("CREATE TABLE users (realm TEXT, name TEXT, sha256 TEXT, md5 TEXT, PRIMARY KEY (realm, name))")
        database.close()

    def write(statement, *values, file=path):
        with sqlite3.connect(file) as database:
            database.execute(statement, values)
        database.close()

    def put(user, password, file=path):
        write("INSERT OR REPLACE INTO users VALUES (?, ?, ?, NULL)", DOMAIN, user, secret(user, password).upper(), file=file)

    done = check(program, folder, f"sqlite:{path}")
    expect("a file that is not there", (done.returncode, "cannot read users in" in done.stdout), (1, True))
    make(path)
    put("alice", "secret")
    done = check(program, folder, f"sqlite:{path}")
    expect("a file that is there: " + done.stdout, done.returncode, 0)
    with start(program, folder, "one", f"sqlite:{path}") as server:
        agent = Agent(server)
        in_and_out(agent, put, lambda user: write("DELETE FROM users WHERE name = ?", user))
        # A file that takes the place of this one.
        make(path + ".new")
        put("dave", "secret", file=path + ".new")
        os.rename(path + ".new", path)
        agent.expect("dave, of the new file", "dave", "secret", 200)
        # A password where a hash should be lets nobody in, and is told.
        write("INSERT INTO users VALUES (?, 'erin', 'secret', NULL)", DOMAIN)
        agent.expect("erin", "erin", "secret", 401)
        is_told(server, "store-changed", "erin", "64 hexadecimal digits")
        os.rename(path, path + ".old")
        forget()
        expect("its Retry-After", agent.expect("frank, without the file", "frank", "x", 503).get("Retry-After"), "5")
        agent.expect("dave, who was known", "dave", "secret", 200)
        is_told(server, "store-changed", "state=down", "users=customers")
        os.rename(path + ".old", path)
        wait_until(lambda: agent.attempt("frank", "x").status == 401, 15, "an answer of the file")
        is_told(server, "store-changed", "state=up", "users=customers")
        figures = server.stop()
    expect("store's failures", figures["user_lookup_failures"] >= 2, True)
    copied_over(program, folder, make, put)
    ended_while_locked(program, folder, path)
    of_kamailio(program, folder)


def copied_over(program, folder, make, put):
    """Two files of the same making, which SQLite cannot tell apart by its counter of changes."""
    first, second = os.path.join(folder, "first.db"), os.path.join(folder, "second.db")
    for name, password in ((first, "old"), (second, "new")):
        make(name)
        put("alice", password, file=name)
    with start(program, folder, "copied", f"sqlite:{first}") as server:
        agent = Agent(server)
        agent.expect("alice, of the first file", "alice", "old", 200)
        time.sleep(0.05)
        shutil.copyfile(second, first)
        agent.expect("alice, of the file copied over it", "alice", "new", 200)
        agent.expect("alice with her old password", "alice", "old", 401)


def ended_while_locked(program, folder, path):
    """Requests that wait for a file that another program has locked do not keep the server from ending."""
    lock = sqlite3.connect(path, isolation_level=None)
    with start(program, folder, "locked", f"sqlite:{path}") as server:
        agent = Agent(server)
        challenge = agent.challenge()
        lock.execute("BEGIN EXCLUSIVE")
        for count in range(1, 41):
            credentials = digest(challenge, f"user{count}", "x", "REGISTER", f"sip:{DOMAIN}", count)
            agent.send(agent.text("REGISTER", f"sip:{DOMAIN}", [credentials, CONTACT], to=f"<sip:user{count}@{DOMAIN}>"))
        stays_prompt(server, 0.3)
        began = time.monotonic()
        code = server.terminate(20)
        expect("its end", (code, time.monotonic() - began < 5), (0, True))
    lock.close()


def of_kamailio(program, folder):
    """Its table of subscribers, seen through a view (docs/configuration.md)."""
    path = os.path.join(folder, "subscribers.db")
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE subscriber (username TEXT, domain TEXT, ha1 TEXT)")
        database.execute("CREATE VIEW users AS SELECT domain AS realm, username AS name, ha1 AS md5, NULL AS sha256 FROM subscriber")
        database.execute("INSERT INTO subscriber VALUES ('alice', ?, ?)", (DOMAIN, secret("alice", "secret", "md5")))
    database.close()
    with start(program, folder, "kamailio", f"sqlite:{path}") as server:
        agent = Agent(server)
        answer = agent.ask("REGISTER", f"sip:{DOMAIN}", to=f"<sip:alice@{DOMAIN}>")
        challenge = [value for name, value in answer.fields if name == "www-authenticate" and "MD5" in value][0]
        credentials = md5_digest(challenge, "alice", "secret")
        answer = agent.ask("REGISTER", f"sip:{DOMAIN}", [credentials, CONTACT], to=f"<sip:alice@{DOMAIN}>")
        expect("alice by MD5", answer.status, 200)


def md5_digest(challenge, user, password):
    nonce = challenge.split('nonce="')[1].split('"')[0]

    def hashed(text):
        return hashlib.md5(text.encode()).hexdigest()

    uri = f"sip:{DOMAIN}"
    response = hashed(f"{hashed(f'{user}:{DOMAIN}:{password}')}:{nonce}:00000001:c:auth:{hashed(f'REGISTER:{uri}')}")
    return (f'Authorization: Digest username="{user}", realm="{DOMAIN}", nonce="{nonce}", uri="{uri}", response="{response}", '
            'cnonce="c", nc=00000001, qop=auth, algorithm=MD5')


def redis_command(port, *words):
    request = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
    with socket.create_connection((HOST, port), 2) as connection:
        connection.sendall(request.encode())
        reply = connection.recv(1000).decode()
    if reply.startswith("-"):
        raise Failure(f"Redis says {reply} to {words}")


def on_redis(program, folder):
    port, = free_ports(1)
    users = f"redis://{HOST}:{port}/0"
    home = os.path.join(folder, "redis")
    os.mkdir(home)

    def key(user):
        return f"intermediary:user:{DOMAIN}:{user}"

    def put(user, password):
        redis_command(port, "HSET", key(user), "sha-256", secret(user, password))

    done = check(program, folder, users)
    expect("a server that is not asked: " + done.stdout, done.returncode, 0)
    done = check(program, folder, users, "--live")
    expect("a server that does not answer", (done.returncode, "the users of [auth.customers]: " in done.stdout), (1, True))
    with Redis("redis-1", home, port) as redis:
        redis.wait_ready()
        done = check(program, folder, users, "--live")
        expect("a server that answers: " + done.stdout, done.returncode, 0)
        put("alice", "secret")
        with start(program, folder, "one", users) as server:
            agent = Agent(server)
            in_and_out(agent, put, lambda user: redis_command(port, "DEL", key(user)))
            redis.terminate()
            forget()
            agent.expect("alice, who was known", "alice", "secret", 200)
            expect("its Retry-After", agent.expect("bob, without Redis", "bob", "x", 503).get("Retry-After"), "5")
            is_told(server, "store-changed", "state=down", "users=customers")
            with Redis("redis-2", home, port) as back:
                back.wait_ready()
                wait_until(lambda: agent.attempt("bob", "x").status == 401, 15, "an answer of Redis")
                put("bob", "secret")
                forget()
                back.process.send_signal(signal.SIGSTOP)
                try:
                    asked = Agent(server)
                    credentials = digest(asked.challenge(), "bob", "secret", "REGISTER", f"sip:{DOMAIN}")
                    asked.send(asked.text("REGISTER", f"sip:{DOMAIN}", [credentials, CONTACT], to=f"<sip:bob@{DOMAIN}>"))
                    stays_prompt(server, 1.2)
                    expect("bob with a silent store", asked.answer().status, 503)
                    agent.expect("alice, who was known, with a silent store", "alice", "secret", 200)
                finally:
                    back.process.send_signal(signal.SIGCONT)
                wait_until(lambda: agent.attempt("bob", "secret").status == 200, 15, "bob gets in")
    odd_servers(program, folder)


class OddServer(threading.Thread):
    """Speaks of Redis' protocol what it is told to: the reply to every question for a user."""

    def __init__(self, reply):
        super().__init__(daemon=True)
        self.reply = reply
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            while received := connection.recv(65536):
                connection.sendall(self.reply if b"HMGET" in received else b"+PONG\r\n")


def odd_servers(program, folder):
    """What no Redis would say ends the connection, and nothing else."""
    nobody = b"*3\r\n$-1\r\n$-1\r\n$-1\r\n"
    for number, (reply, status, told) in enumerate([
            (nobody + b":1\r\n", 401, "a reply that nobody asked for"),
            (b"*1000000000\r\n", 503, "redis-lost"),
            (b"HELLO\r\n", 503, "Protocol error"),
            (b"-LOADING the dataset\r\n", 503, "LOADING"),
            (b"+OK\r\n", 401, "has no H(A1)")]):
        with start(program, folder, f"odd-{number}", f"redis://{HOST}:{OddServer(reply).port}") as server:
            Agent(server).expect(f"somebody, where Redis says {reply}", "somebody", "x", status)
            is_told(server, told)
            stays_prompt(server, 0.2)
            server.stop()


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[2] not in ("sqlite", "redis"):
        sys.exit(__doc__)
    if sys.argv[2] == "redis" and not shutil.which("redis-server"):
        print("SKIPPED: there is no redis-server")
        sys.exit(77)
    tests = {"sqlite": on_sqlite, "redis": on_redis}
    sys.exit(run(lambda folder: tests[sys.argv[2]](os.path.abspath(sys.argv[1]), folder)))
