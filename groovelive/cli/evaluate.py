"""`groovelive evaluate`: how well the mirror rebuilds, how real the player sounds, and how it plays on."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from ..checks import whole
from ..errors import GrooveError
from ..model import Model, load
from .arguments import Parser

WHAT = ("mirror", "player", "realism", "longform")


def main(argv: Sequence[str]) -> int:
    """Run `groovelive evaluate [WHAT] …` and return the exit code."""
    words = list(argv)
    what = words.pop(0) if words[:1] and words[0] in WHAT else "mirror"
    if what == "mirror":
        from ..training.evaluate import main as evaluate_mirror  # start-up time

        return evaluate_mirror(words)
    arguments = _parser(what).parse_args(words)
    model = load(arguments.model)
    if model.player is None:
        raise GrooveError(f"the model {model.manifest.name} has no player; groovelive evaluate mirror measures it")
    result, table = _RUNS[what](model, arguments)
    print(json.dumps(result, indent=1) if arguments.json else table(result))
    return 0


def _parser(what: str) -> Parser:
    about = {
        "player": "How well the player foresees what drummers played, in nats.",
        "realism": "Whether a judge tells the answers from drummers', to what people type and play.",
        "longform": "How solos of 32 and more bars compare with drummers' takes.",
    }
    parser = Parser(prog=f"groovelive evaluate {what}", description=about[what])
    parser.add_argument("--data", metavar="ZIP", required=True, help="the Groove MIDI Dataset (groovelive data fetch)")
    parser.add_argument("--split", choices=("validation", "test"), default="validation")
    parser.add_argument("--model", metavar="DIR", help="default: the shipped model")
    parser.add_argument("--cache", metavar="DIR", help="keeps what was read of the data")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    if what == "realism":
        parser.add_argument("--pairs", metavar="NPZ", action="append", default=[], help="instruments with their drums")
        parser.add_argument(
            "--stride", type=int, default=3, help="every N-th loop is judged; compare within one stride"
        )
        parser.add_argument("--sets", metavar="A,B", help="only these input sets")
        parser.add_argument("--likeliest", action="store_true", help="measure thresholded answers too")
    if what == "longform":
        parser.add_argument("--solos", type=int, default=32)
        parser.add_argument("--draws", type=int, default=5, help="means over so many draws")
        parser.add_argument("--long-solos", type=int, default=8, metavar="N", help="solos of 256 bars; 0: none")
        parser.add_argument("--sections", type=int, default=16, metavar="N", help="songs in which a section returns")
    return parser


def _say(text: str) -> None:
    if sys.stderr.isatty():
        print(f"{text} …", file=sys.stderr, flush=True)


Run = tuple[dict[str, Any], Callable[[dict[str, Any]], str]]


def _name(model: Model) -> str:
    return f"{model.manifest.name} {model.manifest.version}"


def _realism(model: Model, arguments: Any) -> Run:
    from ..training.evaluation.realism import evaluate_realism, realism_table  # start-up time
    from ..training.evaluation.systems import ModelSystem  # start-up time

    whole("--stride", arguments.stride, 1)
    result = evaluate_realism(
        ModelSystem(model), arguments.data, arguments.pairs, split=arguments.split, stride=arguments.stride,
        names=arguments.sets.split(",") if arguments.sets else None,
        likeliest=ModelSystem(model, sampling="threshold") if arguments.likeliest else None,
        adherent=ModelSystem(model, adherence=1.0), model=_name(model), cache=arguments.cache, say=_say,
    )  # fmt: skip
    return result, realism_table


def _longform(model: Model, arguments: Any) -> Run:
    from ..training.evaluation.longform import evaluate_longform, longform_table  # start-up time
    from ..training.evaluation.player_systems import PlayerSolos  # start-up time

    assert model.player is not None
    result = evaluate_longform(
        PlayerSolos(model.player), arguments.data, split=arguments.split, solos=arguments.solos,
        draws=arguments.draws, long_solos=arguments.long_solos, sections=arguments.sections, model=_name(model),
        cache=arguments.cache, say=_say,
    )  # fmt: skip
    return result, longform_table


def _player(model: Model, arguments: Any) -> Run:
    from ..training.evaluation.copy_mixture import CopyMixture  # start-up time
    from ..training.evaluation.nats import evaluate_player, player_table  # start-up time
    from ..training.evaluation.player_systems import PlayerScores  # start-up time

    assert model.player is not None
    result = evaluate_player(
        PlayerScores(model.player.weights), arguments.data, split=arguments.split, baseline=CopyMixture,
        model=_name(model), cache=arguments.cache, say=_say,
    )  # fmt: skip
    return result, player_table


_RUNS: dict[str, Callable[[Model, Any], Run]] = {"realism": _realism, "longform": _longform, "player": _player}
