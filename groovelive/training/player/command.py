"""`groovelive train player`: train the player, and write its weights, a card and a picture of the training."""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...checks import number, whole
from ...errors import GrooveError
from .critic import ROWS, train_critic
from .plot import plot_metrics
from .train import METRICS, train_player

CARD = """\
## A player

Trained by `groovelive train player` on {data} (train split){pairs}: {updates} updates, seed {seed}.
It writes drums bar after bar in 4/4; what it is told and what it is bad at is told in the card of the shipped one.

Nats on the validation split, of the hits of a step, of a velocity and of an offset:

| told | hits | velocity | offset |
|---|---|---|---|
{rows}

`groovelive evaluate player`, `realism` and `longform` measure how it plays.
"""


def main(argv: Sequence[str]) -> int:
    """Run `groovelive train player` and return its exit code.

    Raises:
        GrooveError: an argument is wrong, or the data cannot be read.
    """
    parser = argparse.ArgumentParser(prog="groovelive train player", description="Train the player.")
    parser.add_argument(
        "--data", metavar="ZIP", required=True, help="the Groove MIDI Dataset (`groovelive data fetch`)"
    )
    parser.add_argument(
        "--pairs", metavar="NPZ", nargs="+", default=[], help="drums with the instruments that they accompany"
    )
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path("runs/player"), help="default: runs/player")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--updates", metavar="N", type=int, default=6000, help="how many batches (default: 6000)")
    length.add_argument("--minutes", metavar="M", type=float, help="be done after so long; not the same weights twice")
    parser.add_argument(
        "--critic", metavar="N", type=int, default=ROWS,
        help=f"loops that its critic learns from afterwards; 0 for no critic (default: {ROWS})",
    )  # fmt: skip
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in DIR")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other weights (default: 0)")
    arguments = parser.parse_args(argv)
    whole("--updates", arguments.updates, 1, 1_000_000)
    whole("--critic", arguments.critic, 0, 1_000_000)
    whole("--seed", arguments.seed, 0)
    if arguments.minutes is not None:
        number("--minutes", arguments.minutes, 0, 10_000, above=True)
    told: dict[str, Any] = {}
    try:
        weights = train_player(
            arguments.data, arguments.pairs, arguments.out, updates=arguments.updates, minutes=arguments.minutes,
            resume=arguments.resume, seed=arguments.seed, report=lambda figures: _tell(told, figures),
        )  # fmt: skip
        if arguments.critic:
            train_critic(
                weights, arguments.data, arguments.pairs, rows=arguments.critic, seed=arguments.seed, report=_say
            )
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise GrooveError(f"{arguments.out} cannot be made: {error.strerror}") from None
    (arguments.out / "card.md").write_text(card(arguments.data, arguments.pairs, arguments.seed, told), "utf-8")
    if importlib.util.find_spec("matplotlib") is not None:
        plot_metrics(arguments.out / METRICS, arguments.out / "training.png")
    print(f"the player's weights are in {weights}; a model folder names them in its manifest, as files.player")
    return 0


def card(data: str, pairs: Sequence[str], seed: int, figures: Mapping[str, Any]) -> str:
    """Return the card of a training run, with the figures of its last validation."""
    rows = [
        f"| {name} | {row['sets']:.3f} | {row['velocities']:.3f} | {row['offsets']:.3f} |"
        for name, row in figures.items()
        if isinstance(row, Mapping)
    ]
    told = f" and {', '.join(Path(path).name for path in pairs)}" if pairs else ""
    return CARD.format(
        data=Path(data).name, pairs=told, updates=figures.get("update", 0), seed=seed, rows="\n".join(rows)
    )


def _tell(told: dict[str, Any], figures: Mapping[str, Any]) -> None:
    told.update(figures)
    print(json.dumps(dict(figures)), file=sys.stderr, flush=True)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
