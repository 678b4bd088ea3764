"""`groovelive drum`: its arguments, and the answer to a rhythm as a roll and as files."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from .. import checks, model, saving
from ..errors import GrooveError
from ..grooves.display import roll
from ..grooves.grid import VOICES
from ..grooves.groove import Groove
from ..midi_files import drum_maps
from ..midi_files.parser import HIGHEST_BPM, LOWEST_BPM
from ..model.player.conditions import INSTRUMENTS
from ..synthesis.kits import DrumKit
from . import drum, values
from .arguments import Need, check_needs, described, writes

ROLES = ("follow", "complete")
KIT, SOUND = "gm", "acoustic"
# The options that the player has alone, as they are typed.
OF_PLAYER = {
    "instrument": "instrument", "adherence": "adherence", "variation": "variation", "complexity": "complexity",
    "intensity": "intensity", "fills": "fills", "phrase": "phrase", "top_k": "top-k", "hands": "no-hands",
}  # fmt: skip
CONTROLS = (
    "genre", "density", "adherence", "variation", "complexity", "intensity", "fills", "phrase", "follow", "preset",
    "redirect", "temperature", "top_k", "sampling", "max_hits", "guidance",
)  # fmt: skip
NO_FILLS = "says where the fills are, and --fills 0 plays none; leave one of them out"
OF_OUTPUTS = (
    Need(("kit",), writes(".mid", ".midi"), "is the drum map of a MIDI file that is written; add -o beat.mid"),
    Need(("sound",), writes(".wav"), "is what a .wav sounds like; add -o beat.wav"),
)
NEEDS = (
    *OF_OUTPUTS,
    Need(
        ("track", "channel", "part", "input-kit", "metre"), lambda given: bool(_read_files(given)),
        "is of a MIDI file that is read, and none is; leave it out",
    ),
    Need(
        ("keep",), lambda given: bool(given.lock),
        "needs --lock, the voices or steps of it that stay: --lock kick,snare",
    ),
    Need(("phrase",), lambda given: given.fills != 0, NO_FILLS),
    Need(
        ("preset",), lambda given: given.walk is not None or (given.follow is not None and given.follow < 1),
        "is heard only where follow is below 1; --follow 0 plays it alone",
    ),
    Need(("walk",), lambda given: given.bars != 1, "goes somewhere else bar by bar, and needs two bars or more"),
)  # fmt: skip
# What the mirror has no use for: it draws nothing unless it is told to, and does not ask for the tempo.
OF_MIRROR = (
    Need(
        ("guidance",), lambda given: given.genre is not None or given.walk is not None,
        "says how strongly the genre is obeyed; add --genre",
    ),
    Need(
        ("seed",), lambda given: given.sampling == "bernoulli" or bool(set("?|{") & set(f"{given.rhythm}{given.keep}")),
        "changes nothing here: the mirror draws nothing; add --sampling bernoulli",
    ),
    Need(
        ("temperature",), lambda given: given.sampling == "bernoulli",
        "is of what is drawn, and the mirror draws nothing; add --sampling bernoulli",
    ),
    Need(
        ("tempo",), writes(".mid", ".midi", ".wav"),
        "is not asked for by the mirror, and nothing is written that has one; add -o beat.mid",
    ),
)  # fmt: skip
EXAMPLES = """\
examples:
  groovelive drum "x..x..x."                           look at the answer, write nothing
  groovelive drum "x..x..x." -o beat.mid -o beat.wav -o beat.svg
  groovelive drum song.mid --track bass --genre soul -o drums.mid
  groovelive drum waltz.mid --metre 4/4 --part drums
  groovelive drum "x...x.x." --genre rock --walk jazz --bars 16 -o walk.wav
  groovelive drum bass.mid --instrument bass --genre funk --bars 32 --fills 2
  groovelive drum loop.mid --density hats=.2,kick=.4 --redirect toms -o sparse.mid
  groovelive drum "bd ~ sn ~" --role complete --bars 8 -o complete.mid
  groovelive drum loop.mid --mirror                    the rhythm's own steps, and no other

A rhythm is a MIDI file (its drums, or else all its notes, are flattened to one voice), a
step string (x is a hit, X an accent, 1 to 9 a velocity, . a rest; it goes round),
Tidal's mini-notation with the drums bd sn hh oh lt mt ht cr rd, a drum tab (HH|x-x-), or
a play string of FoxDot's (x-o-).
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

    outputs(parser)
    option = parser.add_argument_group("what is played").add_argument
    option("--bars", metavar="N", type=int, help="how many bars (default: as many as the rhythm has)")
    option("--tempo", metavar="BPM", type=float, help="default: that of the MIDI file, or 120")

    option = parser.add_argument_group("how to play (the defaults play well)").add_argument
    option("--instrument", metavar="WHO", help=f"who plays the rhythm: {', '.join(INSTRUMENTS)} (default: as it tells)")
    option("--genre", metavar="G", type=values.genre, help="a name, or a mixture: funk:.7,jazz:.3")
    option("--walk", metavar="G", help="go to this genre or preset, bar by bar")
    option("--density", metavar="D", type=values.density, help="0..1, of all voices or by group: kick=.3,hats=.6")
    option("--adherence", metavar="A", type=float, help="0..1: how much of the rhythm the drums answer")
    option("--variation", metavar="V", type=float, help="0..2: how far each loop strays from the last (default: 1)")
    option("--complexity", metavar="C", type=float, help="0..1: from the bare beat to much between the beats")
    option("--intensity", metavar="I", type=float, help="0..1: from soft to hard, with more cymbals")
    option("--fills", metavar="F", type=float, help="0 none, 1 as drummers do, 3 at the end of each phrase")
    option("--phrase", metavar="BARS", type=int, help="bars of a phrase, at whose end fills are (default: 8)")
    option("--follow", metavar="F", type=float, help="0..1: 1 follows the rhythm, 0 plays the preset")
    option("--preset", metavar="NAME", help="what to play where the rhythm is not followed")
    option("--redirect", metavar="V", type=values.names, help="play without these, others take over: hats,toms")
    option("--temperature", metavar="T", type=float, help="above 1 bolder, below 1 safer")
    option("--top-k", metavar="N", type=int, help="only the N likeliest of all sets of hits (default: all)")
    option("--sampling", choices=("threshold", "bernoulli"), help="the likely notes, or a throw of dice for each")
    option("--max-hits", metavar="N", type=int, help="at most so many hits of a voice in a loop")
    option("--no-hands", action="store_true", help="play what two hands and two feet cannot, too")
    option("--seed", metavar="N", type=values.seed, help="another seed, another throw (default: 0)")
    option("--model", metavar="DIR", type=Path, help="a model that you trained (default: the shipped one)")

    option = parser.add_argument_group("what stays").add_argument
    option(
        "--role", choices=ROLES, default="follow",
        help="complete: the drums of the rhythm stay, and the other voices are played to them",
    )  # fmt: skip
    option("--lock", metavar="V", type=values.locks, help="voices, groups and steps that stay: kick,snare,0,16")
    option("--keep", metavar="RHYTHM", help="drums that --lock takes from, a file or notation (default: the rhythm)")

    option = parser.add_argument_group("the mirror").add_argument
    option("--mirror", action="store_true", help="play the rhythm's own steps only, each loop by itself")
    option("--guidance", metavar="W", type=float, help="how strongly the genre is obeyed by the mirror")

    option = parser.add_argument_group("how to read a MIDI file").add_argument
    option("--track", metavar="T", type=values.track, help="only this track: its number, or part of its name")
    option("--channel", metavar="N", type=int, help="only this MIDI channel, 1 to 16")
    option("--part", choices=("auto", "drums", "tap"), help="read all as drums, or as a rhythm alone")
    option("--input-kit", metavar="MAP", help="drum map of the file that is read (default: common)")
    option("--metre", metavar="M", help="read it in this metre, whatever it says: 4/4 (others are not there yet)")


def outputs(parser: argparse.ArgumentParser) -> None:
    """Add the options of what is written, which `groovelive song` has too."""
    option = parser.add_argument_group("what to write").add_argument
    option(
        "-o", "--output", metavar="FILE", action="append", default=[], type=Path,
        help="a file ending in .mid, .wav (extra synth) or .svg; may be given several times",
    )  # fmt: skip
    option("--kit", metavar="MAP", help="drum map of the MIDI file: gm, roland, ableton … (default: gm)")
    option("--sound", metavar="KIT", help="what the .wav sounds like: acoustic, electronic (default: acoustic)")
    option("-q", "--quiet", action="store_true", help="print no piano roll")


def check_output_options(arguments: argparse.Namespace, read: Sequence[str]) -> None:
    """Raise a GrooveError if what `outputs` added cannot be done; before any work.

    Args:
        arguments: of the command.
        read: the files that are read, which no output may be.
    """
    if arguments.output:
        saving.check_outputs(arguments.output, inputs=read)
    drum_maps.load(arguments.kit or KIT)
    DrumKit(arguments.sound or SOUND)


def save(parts: Sequence[tuple[str, Groove]], arguments: argparse.Namespace, tempo: Any) -> None:
    """Write what was played to the outputs of a command."""
    saving.save(parts, arguments.output, tempo=tempo, kit=arguments.kit or KIT, sound=arguments.sound or SOUND)


def _read_files(arguments: argparse.Namespace) -> list[str]:
    """Return the MIDI files that are read."""
    return [source for source in (arguments.rhythm, arguments.keep) if source is not None and drum.is_file(source)]


def _run(arguments: argparse.Namespace) -> int:
    check_output_options(arguments, _read_files(arguments))
    if arguments.tempo is not None:
        checks.number("--tempo", arguments.tempo, LOWEST_BPM, HIGHEST_BPM, "BPM")
    check_needs(arguments, NEEDS)
    loaded = model.load(arguments.model)
    controls = {name: value for name in CONTROLS if (value := getattr(arguments, name)) is not None}
    if arguments.no_hands:
        controls["hands"] = False
    mirror = arguments.mirror or loaded.player is None
    _check_whose(controls, arguments, mirror)
    if mirror:
        check_needs(arguments, OF_MIRROR)
    rhythm = _listened(arguments, arguments.rhythm, arguments.bars)
    keep, locks = _kept(arguments, rhythm)
    tempo = rhythm.tempo if arguments.tempo is None else arguments.tempo
    grooves = drum.answer(
        loaded,
        rhythm.groove,
        bars=arguments.bars,
        walk=arguments.walk,
        seed=arguments.seed or 0,
        mirror=arguments.mirror,
        instrument=arguments.instrument or rhythm.instrument,
        tempo=tempo,
        keep=keep,
        locks=locks,
        **controls,
    )
    save([("", groove) for groove in grooves], arguments, tempo)
    if not arguments.quiet:
        print_roll(grooves, sys.stdout)
    for path in arguments.output:
        print(f"wrote {path}")
    return 0


def _listened(arguments: argparse.Namespace, source: str, bars: int | None) -> drum.InputRhythm:
    """Read a rhythm, and tell what of it was left out."""
    rhythm = drum.listen(
        source, bars=bars, track=arguments.track, channel=arguments.channel, part=arguments.part or "auto",
        kit=arguments.input_kit or "common", metre=arguments.metre, seed=arguments.seed or 0,
    )  # fmt: skip
    return with_remarks(rhythm)


def with_remarks(rhythm: drum.InputRhythm) -> drum.InputRhythm:
    """Return a rhythm, and say what of its file was left out."""
    for remark in rhythm.remarks:
        print(f"groovelive: note: {remark}", file=sys.stderr)
    return rhythm


def _check_whose(controls: Mapping[str, Any], arguments: argparse.Namespace, mirror: bool) -> None:
    """Raise a GrooveError if an option belongs to the other of player and mirror."""
    if not mirror:
        if "guidance" in controls:
            raise GrooveError("--guidance is the mirror's; say --mirror too, or leave it out")
        return
    given = [name for name in ("instrument",) if getattr(arguments, name) is not None]
    for name in (*given, *controls):
        if name in OF_PLAYER:
            why = "and this is the mirror" if arguments.mirror else "and this model has none"
            raise GrooveError(f"--{OF_PLAYER[name]} is the player's, {why}")


def _kept(arguments: argparse.Namespace, rhythm: drum.InputRhythm) -> tuple[Groove | None, list[str | int]]:
    """Return drums, and which of their voices and steps stay."""
    locks: list[str | int] = list(arguments.lock or ())
    if arguments.role == "complete":
        if not rhythm.drums:
            raise GrooveError("--role complete needs drums to complete: a MIDI file of drums, or 'bd ~ sn ~'")
        if locks:
            raise GrooveError("--role complete keeps every voice of the rhythm; leave out --lock, or the role")
        locks += [voice for voice, hits in zip(VOICES, rhythm.groove.hits.T, strict=True) if hits.any()]
    if arguments.keep is not None:
        return _listened(arguments, arguments.keep, arguments.bars).groove, locks
    if locks and not rhythm.drums:
        raise GrooveError("--lock needs drums to keep, and the rhythm has none; say which with --keep 'bd ~ sn ~'")
    return (rhythm.groove if locks else None), locks


def print_roll(grooves: Sequence[Groove], out: TextIO, first: int = 1) -> None:
    """Print grooves that follow each other as a roll; `first` is the number of their first bar."""
    colour = out.isatty() and "NO_COLOR" not in os.environ
    # Four bars make a line; equal lines in a row are printed once.
    bars = saving.joined(grooves)
    last = None
    for start in range(0, bars.bars, 4):
        text = roll(bars[start : start + 4], colour)
        if text == last:
            text = f"bars {first + start}–{first - 1 + min(start + 4, bars.bars)}: the same"
        else:
            last = text
            text = f"bars {first + start}–{first - 1 + min(start + 4, bars.bars)}\n{text}"
        print(text, file=out)
