"""The commands that run engine and conductor and look after them."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ..errors import GrooveError
from ..runtime import endpoints as connection
from ..runtime.curve import Curve
from ..runtime.endpoints import Connection

if TYPE_CHECKING:
    from ..protocol.base import Request

OSC_PORT = 57140  # beside those of SuperCollider, 57110 and 57120
_FAREWELL = 5.0  # seconds that a program of a supervisor that has died may take to end

COMMANDS = {
    "engine": "run the engine: serve models over ZeroMQ",
    "conductor": "run the conductor: time, drummers, clients",
    "serve": "run engine and conductor, and start them again whenever they die",
    "status": "tell what is running",
    "stop": "end what is running",
    "keys": "make and show the keys for engines on other machines",
    "models": "check a model folder of your own",
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise GrooveError(f"{message} (see {self.prog} --help)")


def main(command: str, argv: Sequence[str]) -> int:
    """Run one of `COMMANDS` and return its exit code.

    Raises:
        GrooveError: an argument is wrong, or what it asks for is impossible.

    >>> main("engine", ["--bind", "tcp://0.0.0.0:5570"])
    Traceback (most recent call last):
    groovelive.errors.GrooveError: tcp://0.0.0.0:5570 is open to other machines, which needs keys: ...
    """
    about = COMMANDS[command]
    parser = _Parser(prog=f"groovelive {command}", description=f"{about[0].upper()}{about[1:]}.")
    run: Callable[[argparse.Namespace], int] = {
        "engine": _engine_options,
        "conductor": _conductor_options,
        "serve": _serve_options,
        "status": _status_options,
        "stop": _stop_options,
        "keys": _keys_options,
        "models": _models_options,
    }[command](parser)
    return run(parser.parse_args(list(argv)))


# engine and serve


def _serving_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--models", metavar="DIR", action="append", default=[], type=Path,
        help="serve this model too, or all in the folders of DIR; may be given several times",
    )  # fmt: skip
    parser.add_argument("--backend", choices=("onnx", "torch"), help="default: as a model's manifest says")
    parser.add_argument("--bind", metavar="ADDRESS", help="as tcp://0.0.0.0:5570 (default: a private one)")
    parser.add_argument("--curve", action="store_true", help="let known machines in (groovelive keys)")
    parser.add_argument(
        "--broker", action="store_true", help="serve no model, but share the requests among engines that join"
    )


def _engine_options(parser: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
    _serving_options(parser)
    parser.add_argument("--join", metavar="ADDRESS", help="work for the broker at this address")
    parser.add_argument(
        "--server", metavar="NAME", default="",
        help="with --join --curve: the broker's machine or public key (default: the host's name)",
    )  # fmt: skip
    parser.add_argument("--supervised", action="store_true", help=argparse.SUPPRESS)  # by serve: see Program
    return _engine


def _serve_options(parser: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
    _serving_options(parser)
    parser.add_argument("--resume", action="store_true", help="go on with the session that died, at the right bar")
    parser.add_argument("--engine-only", action="store_true", help="run no conductor")
    parser.add_argument("--conductor-bind", metavar="ADDRESS", help="where clients find the conductor; with --curve")
    _osc_option(parser)
    return _serve


def _osc_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--osc-port", metavar="N", type=int, default=OSC_PORT,
        help=f"of the OSC door on this machine, UDP and TCP (default: {OSC_PORT}; 0: no door)",
    )  # fmt: skip


def _check_osc(arguments: argparse.Namespace) -> None:
    if not 0 <= arguments.osc_port < 65536:
        raise GrooveError(f"a port is a number from 1 to 65535, or 0 for none, not {arguments.osc_port}")


def _conductor_options(parser: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
    parser.add_argument("--bind", metavar="ADDRESS", help="as tcp://0.0.0.0:5571 (default: a private one)")
    parser.add_argument("--curve", action="store_true", help="let known machines in (groovelive keys)")
    parser.add_argument("--engine", metavar="ADDRESS", help="of the engine (default: that of this machine)")
    parser.add_argument("--resume", action="store_true", help="go on with the session that died, at the right bar")
    _osc_option(parser)
    parser.add_argument("--supervised", metavar="PID", type=int, default=0, help=argparse.SUPPRESS)  # by serve
    return _conductor


def _engine(arguments: argparse.Namespace) -> int:
    from ..runtime.supervisor import signals, until_end_of

    _check(arguments)
    stop = threading.Event()
    if arguments.supervised:
        until_end_of(sys.stdin.buffer, stop.set)
    with signals(stop.set):
        if arguments.join is not None:
            return _worker(arguments, stop)
        with connection.Lock("engine", _FAREWELL if arguments.supervised else 0.0):
            place = _place(arguments)
            address = place.address if arguments.bind is None else arguments.bind

            def ready(bound: str) -> None:
                where = place if arguments.bind is None else _at(place, bound)
                connection.write(where)
                if not arguments.supervised:
                    print(f"engine at {bound} (process {os.getpid()}); Ctrl-C ends it", flush=True)

            try:
                _run(arguments, address, place, ready, stop)
            finally:
                connection.remove()
    return 0


def _run(
    arguments: argparse.Namespace,
    address: str,
    place: Connection,
    ready: Callable[[str], None],
    stop: threading.Event,
) -> None:
    curve = _curve(place)
    if arguments.broker:
        from ..engine.broker import Broker

        Broker(address, curve=curve, tell=_tell).run(stop, ready)
    else:
        from ..engine.server import run

        run(address, models=arguments.models, backend=arguments.backend, curve=curve, ready=ready, stop=stop)


def _conductor(arguments: argparse.Namespace) -> int:
    from ..conductor import journal
    from ..conductor.process import Conductor
    from ..runtime.supervisor import signals, until_end_of

    if arguments.bind is not None:
        connection.check_bind(arguments.bind, arguments.curve)
    _check_osc(arguments)
    stop, orphaned = threading.Event(), threading.Event()

    def left() -> None:
        """Stop, and tell a supervisor that was killed from one that ends what it runs: that one still has its lock."""
        time.sleep(0.1)
        if connection.holder("serve") != arguments.supervised:
            orphaned.set()
        stop.set()

    if arguments.supervised:
        until_end_of(sys.stdin.buffer, left)
    with signals(stop.set), connection.Lock("conductor", _FAREWELL if arguments.supervised else 0.0):
        place = connection.choose("conductor") if arguments.bind is None else _place(arguments)
        recovered = None
        last = journal.read()
        if last is not None and (arguments.resume or (arguments.supervised and last[0].serve == arguments.supervised)):
            recovered = last[1]
        elif arguments.resume:
            raise GrooveError("there is no session to go on with: none has died since the last was ended")

        def ready(bound: str) -> None:
            where = place if arguments.bind is None else _at(place, bound)
            connection.write(where, "conductor")
            if not arguments.supervised:
                print(f"conductor at {bound} (process {os.getpid()}); Ctrl-C ends it", flush=True)

        try:
            Conductor(
                place.address, curve=_curve(place), engine=arguments.engine, recovered=recovered,
                serve=arguments.supervised, osc_port=arguments.osc_port, tell=_tell,
            ).run(stop, ready)  # fmt: skip
            if not orphaned.is_set():  # else the session can go on
                journal.path().unlink(missing_ok=True)
        finally:
            connection.remove("conductor")
    return 0


def _curve(place: Connection) -> Curve | None:
    from ..runtime import curve as keys

    return keys.machine_curve() if place.curve else place.curve_server


def _check(arguments: argparse.Namespace) -> None:
    if arguments.bind is not None:
        connection.check_bind(arguments.bind, arguments.curve)
    elif arguments.curve and getattr(arguments, "join", None) is None:
        raise GrooveError("--curve needs the address that is open to others, as in --bind tcp://0.0.0.0:5570")
    if arguments.broker and (arguments.models or arguments.backend):
        raise GrooveError("a broker serves no model; --models and --backend are for the engines that join it")
    if getattr(arguments, "join", None) is not None and (arguments.bind is not None or arguments.broker):
        raise GrooveError("an engine that joins has no address of its own: leave --bind and --broker out")


def _place(arguments: argparse.Namespace) -> Connection:
    if arguments.bind is None:
        return connection.choose()
    return Connection(arguments.bind, os.getpid(), curve=arguments.curve)


def _at(place: Connection, bound: str) -> Connection:
    """Return where clients on this machine reach an address that was bound."""
    import msgspec

    for every, own in (("tcp://0.0.0.0:", "tcp://127.0.0.1:"), ("tcp://[::]:", "tcp://[::1]:")):
        if bound.startswith(every):
            bound = own + bound[len(every) :]
    return msgspec.structs.replace(place, address=bound)


def _worker(arguments: argparse.Namespace, stop: threading.Event) -> int:
    """Run an engine that works for a broker: it listens at a private address, and a thread joins."""
    from ..engine.server import run
    from ..engine.worker import join

    peer = connection.check_connect(arguments.join, arguments.server if arguments.curve else None)
    place = connection.private("worker")
    faults: list[BaseException] = []

    def work() -> None:
        try:
            join(arguments.join, place.address, stop, own=place.peer, peer=peer, tell=_tell)
        except BaseException as fault:
            faults.append(fault)
        finally:
            stop.set()

    joiner = threading.Thread(target=work, name="join")
    try:
        run(
            place.address,
            models=arguments.models,
            backend=arguments.backend,
            curve=place.curve_server,
            ready=lambda _: joiner.start(),
            stop=stop,
        )
    finally:
        stop.set()
        if joiner.ident is not None:
            joiner.join()
        connection.discard(place)
    if faults:
        raise faults[0]
    return 0


def _serve(arguments: argparse.Namespace) -> int:
    from ..runtime.supervisor import Program, Supervisor, signals

    _check(arguments)
    if arguments.conductor_bind is not None:
        connection.check_bind(arguments.conductor_bind, arguments.curve)
    _check_osc(arguments)
    command = [sys.executable, "-m", "groovelive.cli.services", "engine", "--supervised"]
    for folder in arguments.models:
        command += ["--models", str(folder.absolute())]
    for option in ("backend", "bind"):
        if (value := getattr(arguments, option)) is not None:
            command += [f"--{option}", value]
    command += [f"--{option}" for option in ("curve", "broker") if getattr(arguments, option)]
    programs = [Program("engine", command, lambda: _answers("engine"))]
    if not (arguments.engine_only or arguments.broker):
        command = [sys.executable, "-m", "groovelive.cli.services", "conductor", "--supervised", str(os.getpid())]
        if arguments.conductor_bind is not None:
            command += ["--bind", arguments.conductor_bind, *(["--curve"] if arguments.curve else [])]
        command += ["--osc-port", str(arguments.osc_port)]
        command += ["--resume"] if arguments.resume else []
        programs.append(Program("conductor", command, lambda: _answers("conductor")))
    elif arguments.resume:
        raise GrooveError("--resume goes on with a conductor's session, and none is to run")

    def ready() -> None:
        for program in programs:
            found = connection.read(_service(program.name))
            if found is not None:
                print(f"{program.name} at {found.address} (process {found.pid})", flush=True)
        print("Ctrl-C ends what runs", flush=True)

    # What a killed `serve` left behind; no program has it, since they end with their `serve`.
    with connection.Lock("serve"):
        supervisor = Supervisor(programs, ready=ready)
        with signals(supervisor.stop):
            return supervisor.run()


def _service(name: str) -> connection.Service:
    return "conductor" if name == "conductor" else "engine"


def _answers(service: connection.Service) -> bool:
    """Whether the engine (or the broker), or the conductor, of this machine can be reached."""
    found = connection.read(service)
    return found is not None and probe(found)


def probe(found: Connection, timeout: float = 1.5) -> bool:
    """Return whether somebody there speaks the protocol: all answer this at once, whatever they do."""
    from ..protocol.engine import Cancel

    return _exchange(found, Cancel(id=b"nothing"), timeout) is not None


def _exchange(found: Connection, request: Request, timeout: float) -> bytes | None:
    """Send one request and return the body of its reply, or None where none comes in time."""
    import zmq

    from ..protocol.frames import from_frames, to_frames
    from ..runtime.curve import introduce

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


def _tell(sentence: str) -> None:
    sys.stderr.write(f"groovelive: {sentence}\n")  # whole, among what other processes write there
    sys.stderr.flush()


# status and stop


def _status_options(parser: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    return _status


def _status(arguments: argparse.Namespace) -> int:
    status = report()
    if arguments.json:
        print(json.dumps(status))
        return 0
    if status["engine"] is None and status["conductor"] is None:
        print("nothing is running; start it with: groovelive serve")
    for name, found in status.items():
        if found is None:
            continue
        if not found["answers"]:
            print(f"the {name} (process {found['pid']}) at {found['address']} does not answer")
            continue
        print(f"{name} at {found['address']} (process {found['pid']})", end="")
        if name == "engine":
            print(f", up {found['uptime']:.0f} s")
            for model in found["models"]:
                print(f"  {model['name']} {model['version']} ({model['backend']})")
        else:
            stands = "" if found["playing"] else ", stopped"
            clients = ", ".join(found["clients"]) or "none"
            print(f", bar {found['bar']}, {found['bpm']:g} bpm{stands}, clients: {clients}")
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
    return 0


def report(timeout: float = 2.0) -> dict[str, Any]:
    """Return what is running, as `groovelive status --json` prints it: the engine and the conductor, or None.

    Both have: pid, address, serve (pid of their supervisor or None), answers. Where it answers, the engine has:
    version, protocol, uptime (s), requests, rss (bytes), models (name, version, backend); and the conductor: session,
    bar, bpm, playing, engine, fifo, edits, clients, late, dropped, outs (name, ahead, sent, late, dropped, fault), osc
    (where its OSC door is), leader (of the tempo; "" is the conductor), away (whether that is not there), phase (ms
    behind it, or behind a peer, or None), led (the clocks that follow).
    """
    return {"engine": _engine_report(timeout), "conductor": _conductor_report(timeout)}


def _place_of(service: connection.Service) -> tuple[dict[str, Any] | None, Connection | None]:
    pid = connection.holder(service)
    supervisor = connection.holder("serve")
    found = connection.read(service)
    if pid is None and (supervisor is None or service == "conductor"):
        return None, None
    address = found.address if found and pid else None
    return {"pid": pid, "address": address, "serve": supervisor, "answers": False}, found if pid is not None else None


def _engine_report(timeout: float) -> dict[str, Any] | None:
    engine, found = _place_of("engine")
    if engine is not None and found is not None:
        from ..engine.client import Client

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
        import msgspec

        from ..protocol import session as messages
        from ..score.edits import bar_of

        body = _exchange(found, messages.Here(), timeout)
        state = messages.read_reply(body) if body is not None else None
        if isinstance(state, messages.SessionState):
            kept = ("session", "bpm", "playing", "engine", "fifo", "edits", "clients", "late", "dropped", "outs",
                    "osc", "leader", "away", "phase", "led")  # fmt: skip
            told = msgspec.to_builtins({name: getattr(state, name) for name in kept})
            conductor |= {"answers": True, "bar": bar_of(state.beat), **told}
    return conductor


def _stop_options(parser: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
    parser.add_argument("--timeout", metavar="S", type=float, default=10.0, help="default: 10 seconds")
    return _stop


def _stop(arguments: argparse.Namespace) -> int:
    """End the supervisor, or else the conductor or the engine, and wait until all is gone."""
    roles: tuple[connection.Role, ...] = ("serve", "conductor", "engine")
    role: connection.Role = next((role for role in roles if connection.holder(role) is not None), "engine")
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
    gone: tuple[connection.Role, ...] = roles if role == "serve" else (role,)
    while any(connection.holder(one) is not None for one in gone):
        if time.monotonic() >= end:
            raise GrooveError(f"process {pid} has not ended within {arguments.timeout:g} s")
        time.sleep(0.02)
    for service in ("engine", "conductor"):
        if connection.holder(_service(service)) is None:
            connection.remove(_service(service))
    print(f"process {pid} has ended")
    return 0


# keys and models


def _keys_options(parser: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
    parser.set_defaults(run=_keys_show)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    add = commands.add_parser(
        "add", help="let another machine in, and know it by a name", description="Let another machine in."
    )
    add.add_argument("name", help="best that of its host, by which its key is then found")
    add.add_argument("key", help="its public key, as groovelive keys shows it there")
    add.set_defaults(run=_keys_add)
    remove = commands.add_parser("remove", help="let a machine in no more", description="Let a machine in no more.")
    remove.add_argument("name")
    remove.set_defaults(run=_keys_remove)
    return lambda arguments: int(arguments.run(arguments))


def _keys_show(arguments: argparse.Namespace) -> int:
    from ..runtime import curve as keys

    pair = keys.create()
    print(f"public key of this machine: {pair.public.decode()}")
    for name, key in keys.known().items():
        print(f"known: {name} {key.decode()}")
    return 0


def _keys_add(arguments: argparse.Namespace) -> int:
    from ..runtime import curve as keys

    keys.create()
    print(f"wrote {keys.add(arguments.name, arguments.key)}")
    return 0


def _keys_remove(arguments: argparse.Namespace) -> int:
    from ..runtime import curve as keys

    print(f"removed {keys.remove(arguments.name)}; who is connected stays so until the engine starts again")
    return 0


def _models_options(parser: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    check = commands.add_parser(
        "check",
        help="tell what is wrong with a model folder",
        description="Load a model folder as the engine would, and tell what is wrong with it.",
    )
    check.add_argument("folder", metavar="DIR", type=Path)
    check.add_argument("--backend", choices=("onnx", "torch"), help="default: as its manifest says")
    check.set_defaults(run=_models_check)
    return lambda arguments: int(arguments.run(arguments))


def _models_check(arguments: argparse.Namespace) -> int:
    from ..engine.models import check

    problems = check(arguments.folder, arguments.backend)
    for problem in problems:
        print(problem)
    if not problems:
        print(f"{arguments.folder} is a model that the engine can serve")
    return 1 if problems else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1], sys.argv[2:]))
    except GrooveError as error:
        print(f"groovelive: {error}", file=sys.stderr)
        sys.exit(2)
