"""The commands that run engine and conductor, and look after them.

Start-up time: what a command needs of engine, conductor or supervisor is imported by the function that runs it, since
an engine or a conductor that is started again must be up soon, without what only the other needs.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from .. import checks
from ..errors import GrooveError
from ..runtime import curve as keys_of
from ..runtime import endpoints as connection
from ..runtime import log
from ..runtime.child import signals, until_end_of
from ..runtime.curve import Curve
from ..runtime.endpoints import Connection
from ..runtime.workers import command as python
from . import keys, models
from .arguments import Need, check_needs, described
from .status import answers, silence_options, status_options, stop_options

_NO_CONDUCTOR = "is of the conductor, and none is to run; leave it out"
_OF_CONDUCTOR = Need(
    ("conductor-bind", "osc-port"), lambda given: not (given.engine_only or given.broker), _NO_CONDUCTOR
)
_OF_JOINING = Need(
    ("server",), lambda given: given.join is not None and given.curve,
    "says whose key the broker has; it goes with --join and --curve",
)  # fmt: skip
_OPEN = Need(
    ("curve",), lambda given: given.bind is not None,
    "needs the address that is open to others, as in --bind tcp://0.0.0.0:5571",
)  # fmt: skip
OSC_PORT = 57140  # beside those of SuperCollider, 57110 and 57120
_FAREWELL = 5.0  # seconds that a program of a supervisor that has died may take to end

COMMANDS = {
    "engine": "run the engine: serve models over ZeroMQ",
    "conductor": "run the conductor: time, drummers, clients",
    "serve": "run engine and conductor, and start them again whenever they die",
    "status": "tell what is running",
    "stop": "end what is running",
    "hush": "silence the session that runs, and call off what is planned",
    "panic": "silence the session that runs at once, also what rings",
    "keys": "make and show the keys for engines on other machines",
    "models": "check a model folder of your own",
}


def main(command: str, argv: Sequence[str]) -> int:
    """Run one of `COMMANDS` and return its exit code.

    Args:
        command: which.
        argv: its arguments.

    Raises:
        GrooveError: an argument is wrong, or what it asks for is impossible.

    >>> main("engine", ["--bind", "tcp://0.0.0.0:5570"])
    Traceback (most recent call last):
    groovelive.errors.GrooveError: tcp://0.0.0.0:5570 is open to other machines, which needs keys: ...
    """
    parser = described(command, COMMANDS[command])
    run: Callable[[argparse.Namespace], int] = {
        "engine": _engine_options,
        "conductor": _conductor_options,
        "serve": _serve_options,
        "status": status_options,
        "stop": stop_options,
        "hush": silence_options("hush"),
        "panic": silence_options("panic"),
        "keys": keys.options,
        "models": models.options,
    }[command](parser)
    return run(parser.parse_args(list(argv)))


# Their options


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
        "--server", metavar="NAME",
        help="with --join --curve: the broker's machine or public key (default: the host's name)",
    )  # fmt: skip
    _log_option(parser)
    parser.add_argument("--supervised", action="store_true", help=argparse.SUPPRESS)  # by serve: see Program
    return _engine


def _serve_options(parser: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
    _serving_options(parser)
    parser.add_argument("--resume", action="store_true", help="go on with the session that died, at the right bar")
    parser.add_argument("--engine-only", action="store_true", help="run no conductor")
    parser.add_argument("--conductor-bind", metavar="ADDRESS", help="where clients find the conductor; with --curve")
    _osc_option(parser)
    _log_option(parser)
    return _serve


def _osc_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--osc-port", metavar="N", type=int,
        help=f"of the OSC door on this machine, UDP and TCP (default: {OSC_PORT}; 0: no door)",
    )  # fmt: skip


def _check_osc(arguments: argparse.Namespace) -> None:
    if arguments.osc_port is None:
        arguments.osc_port = OSC_PORT
    checks.whole("the OSC port (0: none)", arguments.osc_port, 0, 65535)


def _log_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--log-level", choices=log.LEVELS,
        help="of what is written to the log that groovelive status names (default: GROOVELIVE_LOG, or info)",
    )  # fmt: skip


def _conductor_options(parser: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
    parser.add_argument("--bind", metavar="ADDRESS", help="as tcp://0.0.0.0:5571 (default: a private one)")
    parser.add_argument("--curve", action="store_true", help="let known machines in (groovelive keys)")
    parser.add_argument("--engine", metavar="ADDRESS", help="of the engine (default: that of this machine)")
    parser.add_argument("--resume", action="store_true", help="go on with the session that died, at the right bar")
    _osc_option(parser)
    _log_option(parser)
    parser.add_argument("--supervised", metavar="PID", type=int, default=0, help=argparse.SUPPRESS)  # by serve
    return _conductor


def _engine(arguments: argparse.Namespace) -> int:
    _check(arguments)
    check_needs(arguments, (_OF_JOINING,))
    stop = threading.Event()
    if arguments.supervised:
        until_end_of(sys.stdin.buffer, stop.set)
    with signals(stop.set):
        if arguments.join is not None:
            log.start("joined engine", arguments.log_level)
            return _worker(arguments, stop)
        with connection.Lock("engine", _FAREWELL if arguments.supervised else 0.0):
            place = _place(arguments, log.start("engine", arguments.log_level))
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
        from ..engine.broker import Broker  # start-up time: only this command needs it

        Broker(address, curve=curve, tell=log.tell).run(stop, ready)
    else:
        from ..engine.server import run  # start-up time: only this command needs it

        run(address, models=arguments.models, backend=arguments.backend, curve=curve, ready=ready, stop=stop)


def _conductor(arguments: argparse.Namespace) -> int:
    from ..conductor import journal  # start-up time: only this command needs it
    from ..conductor.process import Conductor  # start-up time: only this command needs it

    if arguments.bind is not None:
        connection.check_bind(arguments.bind, arguments.curve)
    check_needs(arguments, (_OPEN,))
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
        place = _place(arguments, log.start("conductor", arguments.log_level), "conductor")
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
                serve=arguments.supervised, osc_port=arguments.osc_port, tell=log.tell,
            ).run(stop, ready)  # fmt: skip
            if not orphaned.is_set():  # else the session can go on
                journal.path().unlink(missing_ok=True)
        finally:
            connection.remove("conductor")
    return 0


def _curve(place: Connection) -> Curve | None:
    return keys_of.machine_curve() if place.curve else place.curve_server


def _check(arguments: argparse.Namespace) -> None:
    if arguments.bind is not None:
        connection.check_bind(arguments.bind, arguments.curve)
    elif arguments.curve and getattr(arguments, "join", None) is None:
        raise GrooveError("--curve needs the address that is open to others, as in --bind tcp://0.0.0.0:5570")
    if arguments.broker and (arguments.models or arguments.backend):
        raise GrooveError("a broker serves no model; --models and --backend are for the engines that join it")
    if getattr(arguments, "join", None) is not None and (arguments.bind is not None or arguments.broker):
        raise GrooveError("an engine that joins has no address of its own: leave --bind and --broker out")


def _place(arguments: argparse.Namespace, written: Path | None, service: connection.Service = "engine") -> Connection:
    if arguments.bind is None:
        place = connection.choose(service)
    else:
        place = Connection(arguments.bind, os.getpid(), curve=arguments.curve)
    return msgspec.structs.replace(place, log=str(written or ""))


def _at(place: Connection, bound: str) -> Connection:
    """Return where clients on this machine reach an address that was bound."""
    for every, own in (("tcp://0.0.0.0:", "tcp://127.0.0.1:"), ("tcp://[::]:", "tcp://[::1]:")):
        if bound.startswith(every):
            bound = own + bound[len(every) :]
    return msgspec.structs.replace(place, address=bound)


def _worker(arguments: argparse.Namespace, stop: threading.Event) -> int:
    """Run an engine that works for a broker: it listens at a private address, and a thread joins."""
    from ..engine.server import run  # start-up time: only this command needs it
    from ..engine.worker import join  # start-up time: only this command needs it

    peer = connection.check_connect(arguments.join, (arguments.server or "") if arguments.curve else None)
    place = connection.private("worker")
    faults: list[BaseException] = []

    def work() -> None:
        try:
            join(arguments.join, place.address, stop, own=place.peer, peer=peer, tell=log.tell)
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
    from ..runtime.supervisor import Program, Supervisor  # start-up time: only this command needs it

    _check(arguments)
    if arguments.conductor_bind is not None:
        connection.check_bind(arguments.conductor_bind, arguments.curve)
    check_needs(arguments, (_OF_CONDUCTOR,))
    _check_osc(arguments)
    command = python("groovelive.cli.services", "engine", "--supervised")
    for folder in arguments.models:
        command += ["--models", str(folder.absolute())]
    for option in ("backend", "bind"):
        if (value := getattr(arguments, option)) is not None:
            command += [f"--{option}", value]
    command += [f"--{option}" for option in ("curve", "broker") if getattr(arguments, option)]
    programs = [Program("engine", command, lambda: answers("engine"))]
    if not (arguments.engine_only or arguments.broker):
        command = python("groovelive.cli.services", "conductor", "--supervised", str(os.getpid()))
        if arguments.conductor_bind is not None:
            command += ["--bind", arguments.conductor_bind, *(["--curve"] if arguments.curve else [])]
        command += ["--osc-port", str(arguments.osc_port)]
        command += ["--resume"] if arguments.resume else []
        programs.append(Program("conductor", command, lambda: answers("conductor")))
    elif arguments.resume:
        raise GrooveError("--resume goes on with a conductor's session, and none is to run")

    def ready() -> None:
        for program in programs:
            found = connection.read("conductor" if program.name == "conductor" else "engine")
            if found is not None:
                print(f"{program.name} at {found.address} (process {found.pid})", flush=True)
        print(f"the log is {log.file()}; Ctrl-C ends what runs", flush=True)

    # What a killed `serve` left behind; no program has it, since they end with their `serve`.
    with connection.Lock("serve"):
        log.start("serve", arguments.log_level, keeps=True)
        supervisor = Supervisor(programs, ready=ready, tell=log.tell)
        with signals(supervisor.stop):
            return supervisor.run()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1], sys.argv[2:]))
    except GrooveError as error:
        log.tell(str(error))
        sys.exit(2)
