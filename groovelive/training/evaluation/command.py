"""`groovelive evaluate player|realism|longform`: how the player plays, beside real drummers."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from ...checks import whole
from ...errors import GrooveError
from ...model.model import Model, load
from ...model.player.player import DrumPlayer
from .copy_mixture import CopyMixture
from .longform import evaluate_longform, longform_table
from .nats import evaluate_player, player_table
from .player_systems import PlayerNats, PlayerSolo, PlayerSystem
from .realism import evaluate_realism, realism_table
from .sets import SET_NAMES

ABOUT = {
    "player": "Measure how surprising real takes are to the player, in nats.",
    "realism": "Measure how like a drummer's its answers to rhythms and instruments are.",
    "longform": "Measure how it plays on: solos, fills, long solos, sections that return.",
}
Say = Callable[[str], None]


def main(argv: Sequence[str]) -> int:
    """Run `groovelive evaluate player`, `realism` or `longform`, and return the exit code.

    Args:
        argv: which, and its arguments.

    Raises:
        GrooveError: an argument is wrong, the data cannot be read, or the model has no player.
    """
    what, *words = argv
    arguments = _parser(what).parse_args(words)
    model = load(arguments.model)
    measure, table = {
        "player": (_player, player_table),
        "realism": (_realism, realism_table),
        "longform": (_longform, longform_table),
    }[what]
    result = measure(
        model, arguments, lambda text: print(f"{text} …", file=sys.stderr, flush=True) if sys.stderr.isatty() else None
    )
    print(json.dumps(result, indent=1) if arguments.json else table(result))
    return 0


def _parser(what: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"groovelive evaluate {what}", description=ABOUT[what])
    option = parser.add_argument
    option("--data", metavar="ZIP", required=True, help="the Groove MIDI Dataset (`groovelive data fetch`)")
    option("--split", choices=("validation", "test"), default="validation")
    option("--model", metavar="DIR", help="default: the shipped model")
    option("--cache", metavar="DIR", help="a folder to keep the takes in once they are read")
    option("--json", action="store_true", help="print one JSON object")
    if what == "player":
        option("--no-baseline", action="store_true", help="measure no mixture of copies beside it")
    elif what == "realism":
        option("--pairs", metavar="NPZ", nargs="+", default=[], help="drums with the instruments that they accompany")
        option("--stride", metavar="N", type=int, default=3, help="judge every Nth loop (default: 3)")
        option("--sets", metavar="A,C", help=f"only these sets of: {', '.join(SET_NAMES)}")
        option("--genres", action="store_true", help="tell the genre in the sets A and B too")
        option("--mirror", action="store_true", help="measure the mirror in the player's place")
    else:
        option("--solos", metavar="N", type=int, default=32, help="solos of 32 bars in a draw (default: 32)")
        option("--draws", metavar="N", type=int, default=5, help="draws of them (default: 5)")
        option("--long-solos", metavar="N", type=int, default=8, help="solos of 256 bars (default: 8)")
        option("--songs", metavar="N", type=int, default=16, help="songs in which a section returns (default: 16)")
    return parser


def _realism(model: Model, arguments: argparse.Namespace, say: Say) -> dict[str, Any]:
    names = None if arguments.sets is None else [name.strip() for name in arguments.sets.split(",")]
    for name in names or ():
        if name not in SET_NAMES:
            raise GrooveError(f"there is no set {name!r}; there are {', '.join(SET_NAMES)}")
        if name.startswith("D_") and not arguments.pairs:
            raise GrooveError(f"the set {name} needs --pairs, files of drums with their instruments")
    whole("--stride", arguments.stride, 1, 1000)
    mirror = arguments.mirror or model.player is None
    plain = PlayerSystem(model, mirror=True) if mirror else PlayerSystem(model)
    return evaluate_realism(
        plain,
        arguments.data,
        arguments.pairs,
        split=arguments.split,
        stride=arguments.stride,
        names=names,
        genres_told=arguments.genres,
        likeliest=plain if mirror else PlayerSystem(model, sampling="threshold"),
        adherent=None if mirror else PlayerSystem(model, adherence=1.0),
        model=_name(model) + (", the mirror" if mirror else ""),
        cache=arguments.cache,
        say=say,
    )


def _longform(model: Model, arguments: argparse.Namespace, say: Say) -> dict[str, Any]:
    whole("--solos", arguments.solos, 2, 1000)
    whole("--draws", arguments.draws, 1, 100)
    whole("--long-solos", arguments.long_solos, 0, 1000)
    whole("--songs", arguments.songs, 0, 1000)
    return evaluate_longform(
        PlayerSolo(_player_of(model)),
        arguments.data,
        split=arguments.split,
        solos=arguments.solos,
        draws=arguments.draws,
        long_solos=arguments.long_solos,
        sections=arguments.songs,
        model=_name(model),
        cache=arguments.cache,
        say=say,
    )


def _player(model: Model, arguments: argparse.Namespace, say: Say) -> dict[str, Any]:
    return evaluate_player(
        PlayerNats(_player_of(model).weights),
        arguments.data,
        split=arguments.split,
        baseline=None if arguments.no_baseline else CopyMixture,
        model=_name(model),
        cache=arguments.cache,
        say=say,
    )


def _player_of(model: Model) -> DrumPlayer:
    if model.player is None:
        raise GrooveError(f"the model {model.manifest.name} has no player; `groovelive evaluate` measures its mirror")
    return model.player


def _name(model: Model) -> str:
    return f"{model.manifest.name} {model.manifest.version}"
