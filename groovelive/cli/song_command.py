"""`groovelive song`: a form such as "A8 B8 A8", played, printed section by section, and written to files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .. import model
from ..errors import GrooveError, closest
from ..notation.sections import sections
from . import drum, values
from .arguments import Need, check_needs, described
from .drum_command import NO_FILLS, OF_OUTPUTS, check_output_options, outputs, print_roll, save, with_remarks

NEEDS = (*OF_OUTPUTS, Need(("phrase",), lambda given: given.fills != "0", NO_FILLS))
EXAMPLES = """\
examples:
  groovelive song "A8 B8 A8" --genre funk              look at it, write nothing
  groovelive song "intro4 A8 B8 A8*2 outro4" --genre soul --tempo 92 --ending -o song.mid -o song.wav
  groovelive song "A8 B8 A8" --section A genre=funk density=.6 --section B genre=jazz intensity=.7
  groovelive song "A8 B4 A8" --prime loop.mid --count-in 1 -o song.mid

A form is a text of sections, each a name and its bars; A8*2 is played twice. A section that
comes back is played as the drummer remembers it. Sections called intro, chorus, bridge,
break, build and outro are played so. What can be set of a section, or with -- of all of
them: rhythm, instrument, genre, density, redirect, adherence, temperature, variation,
complexity, intensity, fills, phrase, top_k, hands.
"""


def _float(text: str) -> float:
    return values.number(text, f"a number was expected, not {text!r}")


def _whole(text: str) -> int:
    return values.whole(text, f"a whole number was expected, not {text!r}")


def _switch(text: str) -> bool:
    if text not in ("yes", "no"):
        raise GrooveError(f"yes or no was expected, not {text!r}")
    return text == "yes"


# How what is set of a section is read.
SETTINGS: dict[str, Callable[[str], Any]] = {
    "rhythm": lambda text: with_remarks(drum.listen(text)).groove, "instrument": str, "genre": values.genre,
    "density": values.density, "redirect": values.names, "adherence": _float, "temperature": _float,
    "variation": _float, "complexity": _float, "intensity": _float, "fills": _float, "phrase": _whole,
    "top_k": _whole, "hands": _switch,
}  # fmt: skip


def main(argv: Sequence[str]) -> int:
    """Run `groovelive song` and return its exit code.

    Raises:
        GrooveError: the form, an argument or a setting is wrong, or a file cannot be read or written.

    >>> main(["A8 B8", "--section", "C", "genre=funk"])
    Traceback (most recent call last):
    groovelive.errors.GrooveError: there is no section 'C' in the form; there are A, B
    """
    parser = described(
        "song", "play a song of sections", epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("form", help='sections with their bars: "A8 B8 A8"')
    outputs(parser)
    option = parser.add_argument_group("the song").add_argument
    option("--tempo", metavar="BPM", type=float, default=120.0, help="20..400 (default: 120)")
    option("--prime", metavar="FILE", help="drums that were played before, from which it goes on: MIDI, or notation")
    option("--count-in", metavar="BARS", type=int, default=0, help="bars of four strokes before it begins")
    option("--ending", action="store_true", help="end with a stroke, in a bar of its own")
    option("--seed", metavar="N", type=values.seed, default=0, help="another seed, another song (default: 0)")
    option("--model", metavar="DIR", type=Path, help="a model that you trained (default: the shipped one)")
    option(
        "--section", metavar=("NAME", "SETTING=VALUE"), nargs="+", action="append", default=[],
        help="what holds in this section: --section A genre=funk density=.6",
    )  # fmt: skip
    option = parser.add_argument_group("what holds in every section that says nothing else").add_argument
    for name in SETTINGS:
        option(f"--{name.replace('_', '-')}", metavar="X", dest=name)
    return _run(parser.parse_args(list(argv)))


def _run(arguments: argparse.Namespace) -> int:
    rhythms = [text.partition("=")[2] for _, *told in arguments.section for text in told if text.startswith("rhythm=")]
    sources = [source for source in (arguments.prime, arguments.rhythm, *rhythms) if source is not None]
    check_output_options(arguments, [source for source in sources if drum.is_file(source)])
    names = list(dict.fromkeys(section.name for section in sections(arguments.form)))
    settings: dict[str, Any] = {
        name: _read(name, text, f"--{name.replace('_', '-')}")
        for name in SETTINGS
        if (text := getattr(arguments, name)) is not None
    }
    own = _own(arguments.section, names)
    if taken := own.keys() & {*settings, "tempo", "prime", "count_in", "ending", "seed", "form"}:
        raise GrooveError(f"a section can't have the name of a setting here: {min(taken)}; call it something else")
    check_needs(arguments, NEEDS)
    prime = None if arguments.prime is None else with_remarks(drum.listen(arguments.prime)).groove
    song = model.load(arguments.model).song(
        arguments.form, tempo=arguments.tempo, prime=prime, count_in=arguments.count_in, ending=arguments.ending,
        seed=arguments.seed, **settings, **own,
    )  # fmt: skip
    save(song.parts(), arguments, song.tempo)
    form = " ".join(f"{section.name}{section.bars}" for section in song.form)
    seconds = round(song.groove.bars * 240 / song.tempo)
    print(f"{form}: {song.groove.bars} bars at {song.tempo:g}, {seconds // 60}:{seconds % 60:02}")
    if not arguments.quiet:
        for section, (name, groove) in zip(song.form, song.parts(), strict=True):
            print(f"\n{name}")
            print_roll([groove], sys.stdout, section.start + 1)
    for path in arguments.output:
        print(f"wrote {path}")
    return 0


def _own(given: Sequence[Sequence[str]], names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return what is set of each section."""
    own: dict[str, dict[str, Any]] = {}
    for name, *told in given:
        if name not in names:
            raise GrooveError(
                f"there is no section {name!r} in the form{closest(name, names)}; there are {', '.join(names)}"
            )
        for text in told:
            setting, sign, value = text.partition("=")
            if not sign:
                raise GrooveError(f"a setting of section {name} is written as genre=funk, not as {text!r}")
            if setting not in SETTINGS:
                hint = closest(setting, SETTINGS)
                raise GrooveError(
                    f"there is no setting {setting!r} of a section{hint}; there are {', '.join(SETTINGS)}"
                )
            own.setdefault(name, {})[setting] = _read(setting, value, f"{setting} of section {name}")
    return own


def _read(setting: str, text: str, what: str) -> Any:
    try:
        return SETTINGS[setting](text)
    except (GrooveError, argparse.ArgumentTypeError) as error:
        raise GrooveError(f"{what}: {error}") from None
