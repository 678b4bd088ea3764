"""The `groovelive` command: it hands each command on to the module that has it.

Those modules, and the performer's, are imported only when they run: `groovelive --help` loads no model and no audio.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from .. import __version__
from ..errors import GrooveError, closest
from ..runtime.hints import install, quoted, typed
from .arguments import Parser

DESCRIPTION = """\
A drummer that you play from code. It listens to a rhythm, typed or from a MIDI file,
and answers with nine voices of drums. Without a command it opens IPython to play in.
"""

EXAMPLES = """\
examples:
  groovelive demo                                      hear and see what it does
  groovelive drum "x..x..x." -o beat.wav               drums for a typed rhythm
  groovelive drum bass.mid --genre funk -o drums.mid   drums for a bass line
  groovelive drum "bd(3,8), hh*8" --genre jazz:.7,latin:.3 --density .6
  groovelive song "A8 B8 A8" --genre funk -o song.wav  a song of sections
  groovelive drum --help                               all that a drummer can be told
"""

# Their options belong to their own modules: the module, what it needs, help.
FORWARDED: dict[str, tuple[str, tuple[str, ...], str]] = {
    "drum": ("cli.drum_command", (), "answer a rhythm with drums"),
    "song": ("cli.song_command", (), "play a song of sections"),
    "demo": ("cli.demo", (), "play a set of 32 bars, and make demo.mid, demo.wav and demo.svg of it"),
    "genres": ("cli.model_command", (), "list the genres that the model knows"),
    "presets": ("cli.model_command", (), "list the presets, each a named groove"),
    "data": ("cli.data", (), "fetch the training data"),
    "engine": ("cli.services", (), "run the engine: serve models over ZeroMQ"),
    "conductor": ("cli.services", (), "run the conductor: time, drummers, clients"),
    "serve": ("cli.services", (), "run engine and conductor, and start them again whenever they die"),
    "status": ("cli.services", (), "tell what is running"),
    "stop": ("cli.services", (), "end what is running"),
    "hush": ("cli.services", (), "silence the session that runs, and call off what is planned"),
    "panic": ("cli.services", (), "silence the session that runs at once, also what rings"),
    "keys": ("cli.services", (), "make and show the keys for engines on other machines"),
    "models": ("cli.services", (), "check a model folder of your own"),
    "doctor": ("cli.doctor", (), "tell what this machine has and lacks, and the command that mends it"),
    "ableton": ("cli.ableton", (), "put the script into Ableton Live, and check it"),
    "supercollider": ("cli.supercollider", (), "install the Quark: drums inside SuperCollider's patterns"),
    "bench": ("bench", (), "measure what is promised of speed and memory"),
    "train": ("cli.training", ("torch", "onnx"), "train the mirror or the player on the data (extra train)"),
    "evaluate": ("cli.training", (), "measure the mirror, or how the player plays, on the data"),
}


_OF_SEVERAL = (
    "cli.services",
    "cli.model_command",
    "cli.training",
)  # modules that are told which of their commands to run


Play = Callable[[argparse.ArgumentParser, argparse.Namespace], int]


def main(argv: Sequence[str] | None = None, play: Play | None = None) -> int:
    """Run the command and return its exit code: 0, 2 after bad input, 130 when interrupted.

    Args:
        argv: the arguments; by default those of the process.
        play: what is run without a command; by default IPython, with everything in reach.

    >>> main(["drum", "x..x..x.", "-o", "beat.mp3"])
    2
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a console that has no blocks shows "?" instead
            stream.reconfigure(errors="replace")
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        if words and words[0] in FORWARDED:
            code = _forward(words[0], words[1:])
        else:
            parser, commands = _parser(play or _perform)
            if words and not words[0].startswith("-") and words[0] not in commands:
                hint = closest(words[0], commands)
                raise GrooveError(f"unknown command {words[0]!r}{hint}; commands are {', '.join(commands)}")
            arguments = parser.parse_args(words)
            code = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except GrooveError as error:
        print(f"groovelive: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser(play: Play) -> tuple[Parser, Sequence[str]]:
    """Return the parser and the names of its commands."""
    parser = Parser(
        prog="groovelive",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"groovelive {__version__}")
    parser.add_argument("--by", metavar="NAME", help="your name, as others who play in the session read it")
    parser.add_argument("--no-notices", action="store_true", help="no lines about what the others do")
    parser.set_defaults(run=lambda given: play(parser, given))
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for name, (_, _, what) in FORWARDED.items():
        commands.add_parser(name, help=what)  # only for the list: `main` hands these on
    return parser, list(commands.choices)


def plain(parser: argparse.ArgumentParser, given: argparse.Namespace) -> int:
    """Run the line REPL, as `python -m groovelive` does without a command, and return its exit code."""
    from ..live.repl import run  # start-up time: only this command needs it

    return run(by=given.by, notices=not given.no_notices)


def _perform(parser: argparse.ArgumentParser, given: argparse.Namespace) -> int:
    """Open IPython with everything in reach; where that cannot be, show the help."""
    if not sys.stdin.isatty():
        return _help(parser)
    if importlib.util.find_spec("IPython") is None:
        _help(parser)
        print(f"\nTo play in IPython: {install('repl')}")
        print(f"A plain line REPL: {quoted(typed(Path(sys.executable)))} -m groovelive")
        return 0
    from ..live.ipython import shell  # start-up time: only this command needs it

    return shell(by=given.by, notices=not given.no_notices)


def _help(parser: argparse.ArgumentParser) -> int:
    parser.print_help()
    return 0


def _forward(command: str, words: list[str]) -> int:
    """Hand the rest of the command line to the module whose command it is."""
    module, needs, _ = FORWARDED[command]
    if missing := [need for need in needs if importlib.util.find_spec(need) is None]:
        raise GrooveError(
            f"groovelive {command} needs {' and '.join(missing)}: {install('train')} "
            "(README.md says how to get torch without CUDA)"
        )
    run = importlib.import_module(f"groovelive.{module}").main
    code: int = run(command, words) if module in _OF_SEVERAL else run(words)
    return code
