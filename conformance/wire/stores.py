#!/usr/bin/python3
"""The registrar with its bindings in a store: they are there after kill -9, a store that is down costs REGISTERs their
answer and nobody else anything, and nodes that share one find each other's.

    conformance/wire/stores.py PROGRAM sqlite|redis
"""

import os
import shutil
import signal
import sys
import time

from peers import HOST, Failure, Intermediary, answers_options, free_ports, run, wait_until
from registrations import Redis, Registrant, config, field

PROMPT_SECONDS = 0.05


def expect(what, got, wanted):
    if got != wanted:
        raise Failure(f"{what}: {got}, not {wanted}")


def start(program, folder, name, location):
    home = os.path.join(folder, name)
    os.makedirs(home, exist_ok=True)
    port, = free_ports(1)
    server = Intermediary(program, home, port, config(port, location))
    server.wait_ready()
    return server


def kill(server):
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()


def after_a_kill(program, folder, location):
    """Registered with one process, found by the next."""
    with start(program, folder, "one", location) as server, Registrant(server.port) as agent:
        expect("bob's REGISTER", agent.register("bob")[0], 200)
        expect("carol's REGISTER", agent.register("carol")[0], 200)
        expect("carol leaves", agent.register("carol", expires=0, cseq=2)[0], 200)
        kill(server)
    with start(program, folder, "two", location) as server:
        with Registrant(server.port) as agent:
            expect("bob's contacts", len(agent.contacts("bob")), 1)
            expect("carol's contacts", agent.contacts("carol"), [])
            expect("a call to carol", agent.call("carol"), 480)
            expect("bob registers again", agent.register("bob")[0], 200)
            expect("a call to bob's new contact", agent.call("bob"), 200)
        figures = server.stop()
    if figures["store_failures"] != 0 or figures["bindings"] != 2:
        raise Failure(f"figures at the end: {figures}")


def on_sqlite(program, folder):
    location = f'store = "sqlite"\npath = "{folder}/bindings.db"'
    after_a_kill(program, folder, location)
    with start(program, folder, "owner", location):
        port, = free_ports(1)
        other = os.path.join(folder, "other")
        os.mkdir(other)
        with Intermediary(program, other, port, config(port, location)) as second:
            if second.wait(10) == 0 or "locked" not in second.log():
                raise Failure(f"a second process takes the same file:\n{second.tail()}")


def stays_prompt(server, seconds):
    """OPTIONS to the server itself, for that long: 99 of a hundred are answered at once."""
    took, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        if answers_options(server.port, f"prompt{len(took)}-{began}") != 200:
            raise Failure("an OPTIONS has no answer while the store is away")
        took.append(time.monotonic() - began)
        time.sleep(0.005)
    slow = sorted(took)[len(took) * 99 // 100]
    if slow > PROMPT_SECONDS:
        raise Failure(f"of {len(took)} OPTIONS one in a hundred took {slow * 1000:.0f} ms while the store was away")


def refused(agent, user):
    status, text = agent.register(user)
    expect("a REGISTER without its store", status, 503)
    expect("its Retry-After", field(text, "Retry-After"), ["5"])


def without_redis(server, agent):
    """Down: nobody waits; what was known is known."""
    refused(agent, "bob")
    expect("a call while Redis is down", agent.call("bob"), 200)
    stays_prompt(server, 1.0)
    refused(agent, "dave")


def with_silent_redis(redis, server, agent):
    """It takes connections, and says nothing."""
    redis.process.send_signal(signal.SIGSTOP)
    try:
        asked = agent.send("REGISTER", "bob", agent.contact("bob"), cseq=7)
        stays_prompt(server, 1.5)
        expect("a REGISTER with a silent store", agent.answer_to(asked)[0], 503)
        expect("a call with a silent store", agent.call("bob"), 200)
    finally:
        redis.process.send_signal(signal.SIGCONT)


def registers_again(agent, user):
    wait_until(lambda: agent.register(user, cseq=9)[0] == 200, 15, "a REGISTER that Redis takes again")


def on_redis(program, folder):
    port, = free_ports(1)
    location = f'store = "redis"\nurl = "redis://:p%40ss@{HOST}:{port}/3"'
    home = os.path.join(folder, "redis")
    os.mkdir(home)
    with Redis("redis-1", home, port, "p@ss") as redis:
        redis.wait_ready()
        after_a_kill(program, folder, location)
        with start(program, folder, "a", location) as server, Registrant(server.port) as agent:
            expect("bob's REGISTER", agent.register("bob")[0], 200)
            with start(program, folder, "b", location) as second, Registrant(second.port) as other:
                asked = other.send("OPTIONS", "bob")
                agent.take(2.0)
                expect("a call by the other node", other.answer_to(asked)[0], 200)
            redis.terminate()
            without_redis(server, agent)
            with Redis("redis-2", home, port, "p@ss") as back:
                back.wait_ready()
                registers_again(agent, "bob")
                with_silent_redis(back, server, agent)
                registers_again(agent, "bob")
                expect("a call at the end", agent.call("bob"), 200)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[2] not in ("sqlite", "redis"):
        sys.exit(__doc__)
    if sys.argv[2] == "redis" and not shutil.which("redis-server"):
        print("SKIPPED: there is no redis-server")
        sys.exit(77)
    tests = {"sqlite": on_sqlite, "redis": on_redis}
    sys.exit(run(lambda folder: tests[sys.argv[2]](os.path.abspath(sys.argv[1]), folder)))
