"""The `groovelive` command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TextIO

from .. import __version__
from ..errors import GrooveError, closest

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
  groovelive drum --help                               all that a drummer can be told
"""

DRUM_EXAMPLES = """\
examples:
  groovelive drum "x..x..x."                           look at the answer, write nothing
  groovelive drum "x..x..x." -o beat.mid -o beat.wav -o beat.svg
  groovelive drum song.mid --track bass --genre soul -o drums.mid
  groovelive drum "x...x.x." --genre rock --walk jazz --bars 16 -o walk.wav
  groovelive drum loop.mid --density hats=.2,kick=.4 --redirect toms -o sparse.mid

A rhythm is a MIDI file (its drums, or else all its notes, are flattened to one voice), a
step string (x is a hit, X an accent, 1 to 9 a velocity, . a rest; it goes round), or
Tidal's mini-notation with the drums bd sn hh oh lt mt ht cr rd.
"""

# Their options belong to their own modules, which are loaded only then: the module, what it needs, help.
FORWARDED: dict[str, tuple[str, tuple[str, ...], str]] = {
    "engine": ("cli.services", (), "run the engine: serve models over ZeroMQ"),
    "conductor": ("cli.services", (), "run the conductor: time, drummers, clients"),
    "serve": ("cli.services", (), "run engine and conductor, and start them again whenever they die"),
    "status": ("cli.services", (), "tell what is running"),
    "stop": ("cli.services", (), "end what is running"),
    "keys": ("cli.services", (), "make and show the keys for engines on other machines"),
    "models": ("cli.services", (), "check a model folder of your own"),
    "ableton": ("ableton_live.install", (), "put the script into Ableton Live, and check it"),
    "supercollider": ("supercollider", (), "install the Quark: drums inside SuperCollider's patterns"),
    "bench": ("bench", (), "measure what is promised of speed and memory"),
    "train": ("training.train", ("torch", "onnx"), "train a model on the data (extra train)"),
    "evaluate": ("training.evaluate", (), "measure the model on the data"),
}


class Parser(argparse.ArgumentParser):
    """An argument parser that tells a mistake in one sentence."""

    def error(self, message: str) -> NoReturn:
        raise GrooveError(f"{message} (see {self.prog} --help)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0, 2 after bad input, 130 when interrupted.

    Args:
        argv: the arguments; by default those of the process.

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
            parser, commands = _parser()
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


def _parser() -> tuple[Parser, Sequence[str]]:
    """Return the parser and the names of its commands."""
    parser = Parser(
        prog="groovelive",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"groovelive {__version__}")
    parser.set_defaults(run=lambda _: _perform(parser))
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")

    _drum_options(
        commands.add_parser(
            "drum",
            help="answer a rhythm with drums",
            description="Answer a rhythm with drums.",
            epilog=DRUM_EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )

    demo = commands.add_parser(
        "demo",
        help="play a set of 32 bars, and make demo.mid, demo.wav and demo.svg of it",
        description="Play a set of 32 bars through the embedded synth, where there is a sound device, and make MIDI, "
        "WAV and a picture of it.",
    )
    demo.add_argument("--out", metavar="DIR", default=".", help="where to put the files (default: here)")
    demo.set_defaults(run=_demo)

    for name, run, what in (
        ("genres", _genres, "list the genres that the model knows"),
        ("presets", _presets, "list the presets, each a named groove"),
    ):
        listing = commands.add_parser(name, help=what, description=f"{what.capitalize()}.")
        listing.add_argument("--model", metavar="DIR", type=Path, help="default: the shipped model")
        listing.set_defaults(run=run)

    data = commands.add_parser("data", help="fetch the training data", description="The training data.")
    data.set_defaults(run=lambda _: _help(data))
    fetch = data.add_subparsers(title="commands", metavar="COMMAND").add_parser(
        "fetch",
        help="download and check the Groove MIDI Dataset (3 MB)",
        description="Download the MIDI files of the Groove MIDI Dataset (Google LLC, CC BY 4.0; 3 MB) and "
        "check them. A download that was interrupted goes on where it stopped.",
    )
    fetch.add_argument("--to", metavar="DIR", default=".", help="folder for the zip file (default: here)")
    fetch.add_argument("--url", help="fetch the same file from another address")
    fetch.set_defaults(run=_fetch)

    for name, (_, _, what) in FORWARDED.items():
        commands.add_parser(name, help=what)  # only for the list: `main` hands these on
    return parser, list(commands.choices)


def _drum_options(drum: argparse.ArgumentParser) -> None:
    drum.set_defaults(run=_drum)
    drum.add_argument("rhythm", help="a MIDI file, a step string or mini-notation (see below)")

    option = drum.add_argument_group("what to write").add_argument
    option(
        "-o", "--output", metavar="FILE", action="append", default=[], type=Path,
        help="a file ending in .mid, .wav (extra synth) or .svg; may be given several times",
    )  # fmt: skip
    option("--bars", metavar="N", type=int, help="how many bars (default: as many as the rhythm has)")
    option("--tempo", metavar="BPM", type=float, help="default: that of the MIDI file, or 120")
    option("--kit", metavar="MAP", default="gm", help="drum map of the MIDI file: gm, roland, ableton …")
    option("--sound", metavar="KIT", default="acoustic", help="what the .wav sounds like: acoustic, electronic")
    option("-q", "--quiet", action="store_true", help="print no piano roll")

    option = drum.add_argument_group("how to play (the defaults play well)").add_argument
    option("--genre", metavar="G", type=_genre, help="a name, or a mixture: funk:.7,jazz:.3")
    option("--walk", metavar="G", help="go to this genre or preset, bar by bar")
    option("--density", metavar="D", type=_density, help="0..1, of all voices or by group: kick=.3,hats=.6")
    option("--follow", metavar="F", type=float, help="0..1: 1 follows the rhythm, 0 plays the preset")
    option("--preset", metavar="NAME", help="what to play where the rhythm is not followed")
    option("--redirect", metavar="V", type=_names, help="play without these, others take over: hats,toms")
    option("--guidance", metavar="W", type=float, help="how strongly the genre is obeyed")
    option("--temperature", metavar="T", type=float, help="above 1 bolder, below 1 safer")
    option("--sampling", choices=("threshold", "bernoulli"), help="the likely notes, or a throw of dice for each")
    option("--max-hits", metavar="N", type=int, help="at most so many hits of a voice in a loop")
    option("--seed", metavar="N", type=_seed, default=0, help="another seed, another throw (default: 0)")
    option("--model", metavar="DIR", type=Path, help="a model that you trained (default: the shipped one)")

    option = drum.add_argument_group("how to read a MIDI file").add_argument
    option("--track", metavar="T", type=_track, help="only this track: its number, or part of its name")
    option("--input-kit", metavar="MAP", default="common", help="drum map of the file that is read")


def plain() -> int:
    """Run the line REPL, as `python -m groovelive` does, and return its exit code."""
    from ..live.repl import run

    try:
        return run()
    except GrooveError as error:
        print(f"groovelive: {error}", file=sys.stderr)
        return 2


def _perform(parser: argparse.ArgumentParser) -> int:
    """Open IPython with everything in reach; where that cannot be, show the help."""
    import importlib.util

    if not sys.stdin.isatty():
        return _help(parser)
    if importlib.util.find_spec("IPython") is None:
        code = _help(parser)
        print("\nTo play in IPython: pip install 'groovelive[notebook]'; python -m groovelive is a plain line REPL.")
        return code
    from ..live.ipython import shell

    return shell()


def _help(parser: argparse.ArgumentParser) -> int:
    parser.print_help()
    return 0


def _drum(arguments: argparse.Namespace) -> int:
    from ..midi_files import drum_maps as kits
    from ..synthesis.kits import DrumKit
    from .drum import answer, check_outputs, listen, save

    check_outputs(arguments.output)
    kits.load(arguments.kit)
    DrumKit(arguments.sound)
    rhythm = listen(
        arguments.rhythm,
        bars=arguments.bars,
        track=arguments.track,
        kit=arguments.input_kit,
        seed=arguments.seed,
    )
    for remark in rhythm.remarks:
        print(f"groovelive: note: {remark}", file=sys.stderr)
    given = (
        "genre", "density", "follow", "preset", "redirect", "guidance", "temperature", "sampling", "max_hits",
    )  # fmt: skip
    controls = {name: getattr(arguments, name) for name in given if getattr(arguments, name) is not None}

    from ..model import load

    grooves = answer(
        load(arguments.model),
        rhythm.groove,
        bars=arguments.bars,
        walk=arguments.walk,
        seed=arguments.seed,
        **controls,
    )
    save(
        [("", groove) for groove in grooves],
        arguments.output,
        tempo=rhythm.tempo if arguments.tempo is None else arguments.tempo,
        kit=arguments.kit,
        sound=arguments.sound,
    )
    if not arguments.quiet:
        _print_roll(grooves, sys.stdout)
    for path in arguments.output:
        print(f"wrote {path}")
    return 0


def _print_roll(grooves: Sequence[Any], out: TextIO) -> None:
    from ..grooves.display import roll
    from .drum import joined

    colour = out.isatty() and "NO_COLOR" not in os.environ
    # Four bars make a line; equal lines in a row are printed once.
    bars = joined(grooves)
    last = None
    for start in range(0, bars.bars, 4):
        text = roll(bars[start : start + 4], colour)
        if text == last:
            text = f"bars {start + 1}–{min(start + 4, bars.bars)}: the same"
        else:
            last = text
            text = f"bars {start + 1}–{min(start + 4, bars.bars)}\n{text}"
        print(text, file=out)


def _demo(arguments: argparse.Namespace) -> int:
    from .demo import run

    return run(Path(arguments.out))


def _genres(arguments: argparse.Namespace) -> int:
    from ..model import load

    print("\n".join(load(arguments.model).genres))
    return 0


def _presets(arguments: argparse.Namespace) -> int:
    from ..model import load

    presets = load(arguments.model).presets
    width = max(map(len, presets), default=0)
    for name, preset in presets.items():
        print(f"{name:{width}}  {preset.genre}")
    return 0


def _fetch(arguments: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from ..training import download as fetch

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Groove MIDI Dataset", total=fetch.SIZE)
        path = fetch.fetch(
            arguments.to,
            url=arguments.url or fetch.URL,
            size=fetch.SIZE,
            sha256=fetch.SHA256,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    print(f"{path} is there and right (Groove MIDI Dataset, Google LLC, CC BY 4.0)")
    return 0


def _forward(command: str, words: list[str]) -> int:
    """Hand the rest of the command line to the module whose command it is."""
    import importlib
    import importlib.util

    module, needs, _ = FORWARDED[command]
    if missing := [need for need in needs if importlib.util.find_spec(need) is None]:
        raise GrooveError(
            f"groovelive {command} needs {' and '.join(missing)}: pip install 'groovelive[train]' "
            "(README.md says how to get torch without CUDA)"
        )
    run = importlib.import_module(f"groovelive.{module}").main
    code: int = run(command, words) if module == "cli.services" else run(words)
    return code


def _argument(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Let argparse tell what is wrong with an argument in the words of the GrooveError."""

    def typed(text: str) -> Any:
        try:
            return read(text)
        except GrooveError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return typed


@_argument
def _genre(text: str) -> str | dict[str, float]:
    if ":" not in text and "," not in text:
        return text
    return _weights(text, ":", "a mixture of genres is written as funk:.7,jazz:.3")


@_argument
def _density(text: str) -> float | dict[str, float]:
    if "=" in text:
        return _weights(text, "=", "densities are written as kick=.3,hats=.6")
    return _number(text, "a density is a number from 0 to 1, or kick=.3,hats=.6")


@_argument
def _seed(text: str) -> int:
    if not text.isdecimal():
        raise GrooveError(f"a seed is a whole number from 0 up, not {text!r}")
    return int(text)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _track(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def _weights(text: str, sign: str, form: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for part in text.split(","):
        name, found, weight = part.partition(sign)
        if not found or not name.strip() or name.strip() in weights:
            raise GrooveError(f"{form}, not as {text!r}")
        weights[name.strip()] = _number(weight, f"{form}, not as {text!r}")
    return weights


def _number(text: str, form: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise GrooveError(form) from None
