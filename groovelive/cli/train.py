"""`groovelive train`: the player, or the mirror, from the data."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from ..errors import GrooveError
from .arguments import Parser


def main(argv: Sequence[str]) -> int:
    """Run `groovelive train player …` or `groovelive train [mirror] …` and return the exit code."""
    words = list(argv)
    if words[:1] == ["player"]:
        return _player(words[1:])
    from ..training.train import main as train_mirror  # start-up time: torch

    return train_mirror(words[1:] if words[:1] == ["mirror"] else words)


def _player(argv: Sequence[str]) -> int:
    parser = Parser(
        prog="groovelive train player",
        description="Train the player on whole takes; `groovelive train mirror` trains the one-shot network.",
    )
    parser.add_argument("--data", metavar="ZIP", required=True, help="the Groove MIDI Dataset (groovelive data fetch)")
    parser.add_argument(
        "--pairs", metavar="NPZ", action="append", default=[], help="drums with the instrument that they accompany"
    )
    parser.add_argument("--out", metavar="DIR", required=True, help="for the checkpoint, metrics.jsonl and player.npz")
    parser.add_argument("--updates", type=int, default=6000, help="batches; default: 6000, some 45 minutes of one core")
    parser.add_argument("--minutes", type=float, help="be done after so long, whatever the machine")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", type=int, default=500, metavar="N", help="updates from one validation to the next")
    arguments = parser.parse_args(argv)
    if arguments.updates < 1:
        raise GrooveError(f"updates must be a whole number from 1 up, not {arguments.updates}")
    from ..training.player.train import train_player  # start-up time: torch

    path = train_player(
        arguments.data, arguments.pairs, arguments.out, updates=arguments.updates, minutes=arguments.minutes,
        resume=arguments.resume, seed=arguments.seed, every=arguments.every,
        report=lambda figures: print(json.dumps(figures), file=sys.stderr, flush=True),
    )  # fmt: skip
    print(f"{path} is a player: put it into a model folder as the manifest's file 'player'")
    return 0
