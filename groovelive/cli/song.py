"""`groovelive song`: a song from its form, as MIDI, sound and a picture."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..convert import from_midi
from ..errors import GrooveError
from ..grooves.display import roll
from ..model import load
from ..saving import check_outputs, save
from ..synthesis.kits import kits
from .arguments import Parser

EXAMPLES = """\
examples:
  groovelive song "A8 B8 A8 C4 A8" --genre funk -o song.mid -o song.wav
  groovelive song "intro4 A8 B8 A8" --section A genre=rock --section B genre=jazz intensity=.3 --ending
  groovelive song "A16" --prime loop.mid --tempo 96 -o on.mid        bars that go on from a loop
"""
_NUMBERS = ("density", "adherence", "temperature", "variation", "complexity", "intensity", "fills", "phrase", "top_k")


def main(argv: Sequence[str]) -> int:
    """Run `groovelive song` and return the exit code."""
    arguments = _parser().parse_args(argv)
    outputs = [Path(name) for name in arguments.output]
    if outputs:
        check_outputs(outputs)
    common = {name: value for name in _NUMBERS if (value := getattr(arguments, name)) is not None}
    if arguments.genre:
        common["genre"] = arguments.genre
    own = dict(_section(words) for words in arguments.section)
    prime = None if arguments.prime is None else from_midi(arguments.prime)
    song = load(arguments.model).song(
        arguments.form, tempo=arguments.tempo, prime=prime, count_in=arguments.count_in, ending=arguments.ending,
        seed=arguments.seed, rhythm=arguments.rhythm, instrument=arguments.instrument, **common, **own,
    )  # fmt: skip
    if not arguments.quiet:
        print(" ".join(f"{part.name}{part.bars}" for part in song.form), f"at {song.tempo:g} beats a minute")
        shown: set[str] = set()
        for name, groove in song.parts():
            if name not in shown:
                print(f"\n{name}, bars 1 and 2\n{roll(groove[: min(groove.bars, 2)])}")
            shown.add(name)
    if outputs:
        save(song.parts(), outputs, tempo=song.tempo, sound=arguments.sound)
    for path in outputs:
        print(f"wrote {path}", file=sys.stderr)
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="groovelive song",
        description="Play a song by its form: a section that comes back is remembered.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("form", help='sections with their bars, as "intro4 A8 B8 A8*2"')
    parser.add_argument("-o", "--output", action="append", default=[], metavar="FILE", help=".mid, .wav or .svg")
    parser.add_argument(
        "--section", action="append", nargs="+", default=[], metavar="NAME CONTROL=VALUE",
        help="how a section is played, as --section B genre=jazz intensity=.3",
    )  # fmt: skip
    parser.add_argument("--genre", help="of all sections that have none of their own")
    parser.add_argument("--tempo", type=float, default=120.0, help="beats a minute; default: 120")
    parser.add_argument("--prime", metavar="MIDI", help="bars from which the first section goes on")
    parser.add_argument("--rhythm", help='what the drums play to, as "x..x..x."; default: nothing')
    parser.add_argument("--instrument", help="who plays the rhythm")
    parser.add_argument("--count-in", type=int, default=0, metavar="BARS", help="bars of four strokes first")
    parser.add_argument("--ending", action="store_true", help="end with a stroke of kick and crash")
    parser.add_argument("--seed", type=int, default=0, help="another seed, another song")
    for name in _NUMBERS:
        kind = int if name in ("phrase", "top_k") else float
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar="N", help="of all sections")
    parser.add_argument("--sound", choices=kits(), default="acoustic", help="the kit of the WAV file")
    parser.add_argument("--model", metavar="DIR", help="default: the shipped model")
    parser.add_argument("--quiet", action="store_true", help="print no rolls")
    return parser


def _section(words: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Return a section's name and what is set of it.

    >>> _section(["B", "genre=jazz", "intensity=.3"])
    ('B', {'genre': 'jazz', 'intensity': 0.3})
    """
    name, *settings = words
    found: dict[str, Any] = {}
    for setting in settings:
        control, equals, value = setting.partition("=")
        if not equals or not control or not value:
            raise GrooveError(f"section {name} takes CONTROL=VALUE, as genre=jazz, not {setting!r}")
        try:
            found[control] = int(value) if control in ("phrase", "top_k") else float(value)
        except ValueError:
            found[control] = value
    return name, found
