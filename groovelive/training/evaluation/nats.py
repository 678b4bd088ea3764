"""How surprising real takes are to a player, in nats: hits a step, velocity and offset a hit.

A system is asked with takes and with what it is told beside them. What is classed is fixed, so that nats of unlike
systems compare: a step is one of 512 sets of hits, a velocity one of 16 classes of eight MIDI values, an offset one
of 32 classes of a 32nd of a step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from os import PathLike
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import GrooveError
from .features import Floats
from .goals import FigureGoal, check_goals, for_json, goal_lines
from .takes import DrumTake, read_takes

Told = Literal["nothing", "style", "rhythm", "locks"]
TOLD: dict[Told, str] = {
    "nothing": "nothing but what was played before",
    "style": "genre and tempo too",
    "rhythm": "genre, tempo, the whole rhythm as it was played, and how much of it is answered",
    "locks": "genre, and what kick and snare play; nats of the rest",
}
VELOCITIES, OFFSETS = 16, 32
SHORTEST = 3  # bars of a take that is asked for
BAR_EDGES = (0, 1, 2, 4, 8, 16)  # bars that the nats of hits are told apart by: 1, 2, 3-4, 5-8, 9-16, 17 on

NATS_GOALS = (
    FigureGoal("nothing known: nats of the hits of a step", ("nothing", "hits"), most=0.90),
    FigureGoal("nothing known: nats of a velocity", ("nothing", "velocity"), most=1.88),
    FigureGoal("nothing known: nats of an offset", ("nothing", "offset"), most=2.55),
    FigureGoal("whole rhythm and genre: nats of the hits of a step", ("rhythm", "hits"), most=0.70),
)


@dataclass(frozen=True, slots=True, eq=False)
class StepNats:
    """How surprising a take was.

    Args:
        hits: (steps,) nats of each step's set of hits.
        velocities: (n,) of each hit's velocity class, hits in the order of steps and, in a step, of voices.
        offsets: (n,) of each hit's offset class, likewise.
    """

    hits: Floats
    velocities: Floats
    offsets: Floats


class ScoringSystem(Protocol):
    """A player that tells how surprising it finds what was played."""

    def nats(self, take: DrumTake, told: Told) -> StepNats:
        """Score a take step by step, each given what was played before it (16 bars suffice), and what is told."""
        ...


def velocity_class(velocities: Floats) -> NDArray[np.int64]:
    """Return the classes 0..15 of velocities 0..1."""
    return np.clip((np.asarray(velocities) * 127 / 8).astype(np.int64), 0, VELOCITIES - 1)


def offset_class(offsets: Floats) -> NDArray[np.int64]:
    """Return the classes 0..31 of offsets -0.5..0.5 of a step."""
    return np.clip(np.floor((np.asarray(offsets) + 0.5) * OFFSETS).astype(np.int64), 0, OFFSETS - 1)


def evaluate_player(
    system: ScoringSystem,
    archive: str | PathLike[str],
    *,
    split: str = "validation",
    told: Sequence[Told] = ("nothing", "style", "rhythm", "locks"),
    baseline: Callable[[Sequence[DrumTake]], ScoringSystem] | None = None,
    model: str = "",
    cache: str | PathLike[str] | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Measure how well a player foresees real takes.

    Args:
        system: the player.
        archive: the Groove MIDI Dataset's zip.
        split: "validation" or "test".
        told: what is told, see `TOLD`; the figures are taken once for each.
        baseline: makes, of the training takes, what is measured beside it; `CopyMixture` is meant.
        model: what is measured, as the result shall name it.
        cache: a folder to keep the archive's takes in once they are read.
        say: told what is being done.

    Returns:
        The figures as `groovelive evaluate player --json` prints them: split, takes, model; for each of `told` the
        figures of `mean_nats`; baseline likewise, with nothing told; goals.

    Raises:
        GrooveError: the data cannot be read, or the system's answer does not fit a take.
    """
    say(f"reading {split}")
    takes = _long_enough(read_takes(archive, split, cache=cache))
    result: dict[str, Any] = {"split": split, "takes": len(takes), "model": model}
    for what in told:
        say(f"scoring, {TOLD[what]}")
        result[what] = mean_nats(takes, [system.nats(take, what) for take in takes])
    if baseline is not None:
        say("fitting the baseline")
        copies = baseline(_long_enough(read_takes(archive, "train", cache=cache)))
        result["baseline"] = mean_nats(takes, [copies.nats(take, "nothing") for take in takes])
    result["goals"] = check_goals(result, NATS_GOALS)
    plain: dict[str, Any] = for_json(result)
    return plain


def mean_nats(takes: Sequence[DrumTake], scored: Sequence[StepNats]) -> dict[str, Any]:
    """Return the means over all steps and hits of takes.

    Returns:
        hits: nats a step; velocity, offset: nats a hit; by_bar: nats of the hits of a step in bar 1, 2, 3-4, 5-8,
            9-16, 17 on
        (NaN where no take is that long); steps: how many.
    """
    for take, nats in zip(takes, scored, strict=True):
        played = int((take.hvo[:, :9] > 0.5).sum())
        if nats.hits.shape != (len(take.hvo),) or nats.velocities.shape != (played,) or nats.offsets.shape != (played,):
            raise GrooveError(f"nats must be those of {len(take.hvo)} steps and {played} hits")
    hits = np.concatenate([nats.hits for nats in scored])
    bar = np.concatenate([np.arange(len(nats.hits)) // 16 for nats in scored])
    of_bars = [hits[(bar >= first) & (bar < end)] for first, end in pairwise((*BAR_EDGES, np.inf))]
    return {
        "hits": float(hits.mean()),
        "velocity": float(np.concatenate([nats.velocities for nats in scored]).mean()),
        "offset": float(np.concatenate([nats.offsets for nats in scored]).mean()),
        "by_bar": [float(some.mean()) if len(some) else float("nan") for some in of_bars],
        "steps": len(hits),
    }


def player_table(result: dict[str, Any]) -> str:
    """Return the figures, and the goals beside them, as a text table."""
    lines = [f"{result['model'] or 'player'}: {result['takes']} takes of {result['split']}, nats", ""]
    bars = "".join(f"{name:>8}" for name in ("1", "2", "3-4", "5-8", "9-16", "17 on"))
    lines.append(f"{'told':<12}{'hits':>8}{'velocity':>10}{'offset':>8}   hits in bar{bars}")
    for what in (*TOLD, "baseline"):
        if what in result:
            row = result[what]
            by_bar = "".join(f"{'–':>8}" if value is None else f"{value:>8.3f}" for value in row["by_bar"])
            lines.append(f"{what:<12}{row['hits']:>8.3f}{row['velocity']:>10.3f}{row['offset']:>8.3f}{'':14}{by_bar}")
    return "\n".join([*lines, "", *goal_lines(result["goals"])])


def _long_enough(takes: Sequence[DrumTake]) -> list[DrumTake]:
    found = [take for take in takes if take.bars >= SHORTEST]
    if not found:
        raise GrooveError(f"there is no take of {SHORTEST} bars or more")
    return found
