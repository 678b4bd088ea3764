"""`groovelive drum`: its arguments, and the answer to a rhythm as a roll and as files."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

from .. import model, saving
from ..errors import GrooveError
from ..grooves.display import roll
from ..midi_files import drum_maps
from ..synthesis.kits import DrumKit
from . import drum
from .arguments import described

EXAMPLES = """\
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


def main(argv: Sequence[str]) -> int:
    """Run `groovelive drum` and return its exit code.

    Raises:
        GrooveError: an argument is wrong, or a file cannot be read or written.

    >>> main(["x..x..x.", "-o", "beat.mp3"])
    Traceback (most recent call last):
    groovelive.errors.GrooveError: cannot write beat.mp3: the name must end in .mid, .wav or .svg
    """
    parser = described(
        "drum", "answer a rhythm with drums", epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    _options(parser)
    return _run(parser.parse_args(list(argv)))


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rhythm", help="a MIDI file, a step string or mini-notation (see below)")

    option = parser.add_argument_group("what to write").add_argument
    option(
        "-o", "--output", metavar="FILE", action="append", default=[], type=Path,
        help="a file ending in .mid, .wav (extra synth) or .svg; may be given several times",
    )  # fmt: skip
    option("--bars", metavar="N", type=int, help="how many bars (default: as many as the rhythm has)")
    option("--tempo", metavar="BPM", type=float, help="default: that of the MIDI file, or 120")
    option("--kit", metavar="MAP", default="gm", help="drum map of the MIDI file: gm, roland, ableton …")
    option("--sound", metavar="KIT", default="acoustic", help="what the .wav sounds like: acoustic, electronic")
    option("-q", "--quiet", action="store_true", help="print no piano roll")

    option = parser.add_argument_group("how to play (the defaults play well)").add_argument
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

    option = parser.add_argument_group("how to read a MIDI file").add_argument
    option("--track", metavar="T", type=_track, help="only this track: its number, or part of its name")
    option("--input-kit", metavar="MAP", default="common", help="drum map of the file that is read")


def _run(arguments: argparse.Namespace) -> int:
    if arguments.output:
        saving.check_outputs(arguments.output)
    drum_maps.load(arguments.kit)
    DrumKit(arguments.sound)
    rhythm = drum.listen(
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
    grooves = drum.answer(
        model.load(arguments.model),
        rhythm.groove,
        bars=arguments.bars,
        walk=arguments.walk,
        seed=arguments.seed,
        **controls,
    )
    saving.save(
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
    colour = out.isatty() and "NO_COLOR" not in os.environ
    # Four bars make a line; equal lines in a row are printed once.
    bars = saving.joined(grooves)
    last = None
    for start in range(0, bars.bars, 4):
        text = roll(bars[start : start + 4], colour)
        if text == last:
            text = f"bars {start + 1}–{min(start + 4, bars.bars)}: the same"
        else:
            last = text
            text = f"bars {start + 1}–{min(start + 4, bars.bars)}\n{text}"
        print(text, file=out)


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
