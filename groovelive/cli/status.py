"""`groovelive status` and `groovelive stop`: what runs on this machine, and its end.

Start-up time: what speaks a protocol loads numpy, and is imported where somebody is there to be spoken to.
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
import json
import os
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import zmq

from ..errors import GrooveError
from ..runtime import endpoints as connection
from ..runtime import log
from ..runtime.curve import introduce
from ..runtime.endpoints import Connection

if TYPE_CHECKING:
    from ..protocol.base import Request

_ROLES: tuple[connection.Role, ...] = ("serve", "conductor", "engine")
_SERVICES: tuple[connection.Service, ...] = ("engine", "conductor")
_TOLD = (
    "session", "bpm", "playing", "engine", "fifo", "edits", "clients", "late", "dropped", "outs", "osc", "leader",
    "away", "phase", "led",
)  # fmt: skip


def status_options(parser: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
    """Add the arguments of `groovelive status`, and return what runs it."""
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    return _status


def silence_options(word: str) -> Callable[[argparse.ArgumentParser], Callable[[argparse.Namespace], int]]:
    """Return what adds the arguments of `groovelive hush` or `groovelive panic`, and returns what runs it."""

    def options(parser: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
        parser.add_argument("--by", metavar="NAME", help="who wants it, as the history says (default: your login)")
        return lambda arguments: _silence(word, arguments)

    return options


def stop_options(parser: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
    """Add the arguments of `groovelive stop`, and return what runs it."""
    parser.add_argument("--timeout", metavar="S", type=float, default=10.0, help="default: 10 seconds")
    return _stop


# What is running


def probe(found: Connection, timeout: float = 1.5) -> bool:
    """Return whether somebody there speaks the protocol: all answer this at once, whatever they do.

    Args:
        found: where to ask.
        timeout: seconds that they have to answer.
    """
    from ..protocol.engine import Cancel  # start-up time: only this needs it

    return _exchange(found, Cancel(id=b"nothing"), timeout) is not None


def answers(service: connection.Service) -> bool:
    """Return whether the engine (or the broker), or the conductor, of this machine can be reached."""
    found = connection.read(service)
    return found is not None and probe(found)


def _exchange(found: Connection, request: Request, timeout: float) -> bytes | None:
    """Send one request and return the body of its reply, or None where none comes in time."""
    from ..protocol.frames import from_frames, to_frames  # start-up time: only this needs it

    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
    try:
        socket.setsockopt(zmq.LINGER, 0)
        with contextlib.suppress(GrooveError):
            if found.peer is not None:
                introduce(socket, found.peer)
        socket.connect(found.address)
        socket.send_multipart(to_frames(b"probe", request))
        return from_frames(socket.recv_multipart()).body if socket.poll(int(timeout * 1000)) else None
    finally:
        socket.close(linger=0)


def report(timeout: float = 2.0) -> dict[str, Any]:
    """Return what is running, as `groovelive status --json` prints it: the engine and the conductor, or None.

    Both have: pid, address, serve (pid of their supervisor or None), answers, log (the file that they write to).
    Where it answers, the engine has: version, protocol, uptime (s), requests, rss (bytes), models (name, version,
    backend); and the conductor: session, bar, bpm, playing, engine, fifo, edits, clients, late, dropped, outs (name,
    ahead, sent, late, dropped, fault), osc (where it is heard), leader (of the tempo; "" is the conductor), away
    (whether that is not there), phase (ms behind it, or behind a peer, or None), led (the clocks that follow).

    Args:
        timeout: seconds that each has to answer.
    """
    return {"engine": _engine_report(timeout), "conductor": _conductor_report(timeout)}


def _place_of(service: connection.Service) -> tuple[dict[str, Any] | None, Connection | None]:
    pid = connection.holder(service)
    supervisor = connection.holder("serve")
    found = connection.read(service)
    if pid is None and (supervisor is None or service == "conductor"):
        return None, None
    here = found if pid else None
    place = {
        "pid": pid, "address": here.address if here else None, "serve": supervisor, "answers": False,
        "log": here.log if here else "",
    }  # fmt: skip
    return place, found if pid is not None else None


def _engine_report(timeout: float) -> dict[str, Any] | None:
    engine, found = _place_of("engine")
    if engine is not None and found is not None:
        from ..engine.client import Client  # start-up time: only this needs it

        with contextlib.suppress(GrooveError), Client(timeout=timeout) as client:
            welcome, stats = client.hello(), client.stats()
            engine |= {
                "answers": True,
                "version": welcome.server,
                "protocol": welcome.protocol,
                "uptime": round(stats.uptime, 3),
                "requests": sum(stats.requests.values()),
                "rss": stats.rss,
                "models": [{"name": m.name, "version": m.version, "backend": m.backend} for m in welcome.models],
            }
    return engine


def _conductor_report(timeout: float) -> dict[str, Any] | None:
    conductor, found = _place_of("conductor")
    if conductor is not None and found is not None:
        from ..protocol import session as messages  # start-up time: only this needs it
        from ..score.edits import bar_of  # start-up time: only this needs it

        body = _exchange(found, messages.Here(), timeout)
        state = messages.read_reply(body) if body is not None else None
        if isinstance(state, messages.SessionState):
            told = msgspec.to_builtins({name: getattr(state, name) for name in _TOLD})
            conductor |= {"answers": True, "bar": bar_of(state.beat), **told}
    return conductor


# How it is told


def _status(arguments: argparse.Namespace) -> int:
    status = report()
    if arguments.json:
        print(json.dumps(status))
        return 0
    if status["engine"] is None and status["conductor"] is None:
        last = log.latest()
        said = "" if last is None else f" (the last log is {last})"
        print(f"nothing is running; start it with: groovelive serve{said}")
        return 0
    for name, found in status.items():
        if found is None:
            continue
        if not found["answers"]:
            print(f"the {name} (process {found['pid']}) at {found['address']} does not answer")
        elif name == "engine":
            _print_engine(found)
        else:
            _print_conductor(found)
    for path in dict.fromkeys(found["log"] for found in status.values() if found is not None and found["log"]):
        print(f"log: {path}")
    return 0


def _print_engine(found: dict[str, Any]) -> None:
    print(f"engine at {found['address']} (process {found['pid']}), up {found['uptime']:.0f} s")
    for model in found["models"]:
        print(f"  {model['name']} {model['version']} ({model['backend']})")


def _print_conductor(found: dict[str, Any]) -> None:
    stands = "" if found["playing"] else ", stopped"
    clients = ", ".join(found["clients"]) or "none"
    where = f"conductor at {found['address']} (process {found['pid']})"
    print(f"{where}, bar {found['bar']}, {found['bpm']:g} bpm{stands}, clients: {clients}")
    if found["osc"]:
        print(f"  OSC at {found['osc']}" if found["osc"][0].isdigit() else f"  {found['osc']}")
    if found["leader"] or found["phase"] is not None:
        late = "" if found["phase"] is None else f", {found['phase']:+.1f} ms behind the peer"
        away = " (away)" if found["away"] else ""
        print(f"  tempo led by {found['leader'] or 'the conductor'}{away}{late}")
    if found["led"]:
        print(f"  followed by {', '.join(found['led'])}")
    for out in found["outs"]:
        print(f"  {out['name']}: {out['sent']} notes, {out['late']} late, {out['dropped']} dropped")


# Silence, and the end


def _silence(word: str, arguments: argparse.Namespace) -> int:
    """Silence the session that runs on this machine, and say what that called off."""
    found = connection.read("conductor")
    if connection.holder("conductor") is None or found is None:
        raise GrooveError("no session is running on this machine, so nothing sounds")
    from ..protocol import session as messages  # start-up time: only this needs it

    by = arguments.by or _login()
    request = messages.HushRequest(by=by) if word == "hush" else messages.PanicRequest(by=by)
    body = _exchange(found, request, 2.0)
    if body is None:
        raise GrooveError(f"the session (process {found.pid}) does not answer; groovelive stop ends it")
    reply: messages.SaidEdits = messages.expect(messages.read_reply(body), messages.SaidEdits)
    print(reply.said)
    return 0


def _login() -> str:
    """Return whose undo takes it back: the name that a session which this user opens has by default."""
    try:
        return os.environ.get("GROOVELIVE_BY") or getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "performer"


def _stop(arguments: argparse.Namespace) -> int:
    """End the supervisor, or else the conductor or the engine, and wait until all is gone."""
    role: connection.Role = next((role for role in _ROLES if connection.holder(role) is not None), "engine")
    pid = connection.holder(role)
    if pid is None:
        print("nothing is running")
        return 0
    end = time.monotonic() + arguments.timeout
    while pid == 0 and time.monotonic() < end:  # it has taken its lock, and not yet written who it is
        time.sleep(0.02)
        pid = connection.holder(role)
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    gone: tuple[connection.Role, ...] = _ROLES if role == "serve" else (role,)
    while any(connection.holder(one) is not None for one in gone):
        if time.monotonic() >= end:
            raise GrooveError(f"process {pid} has not ended within {arguments.timeout:g} s")
        time.sleep(0.02)
    for service in _SERVICES:
        if connection.holder(service) is None:
            connection.remove(service)
    print(f"process {pid} has ended")
    return 0
