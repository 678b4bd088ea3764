"""The player as the evaluation asks it: solos that go on, and how surprising it finds real takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...grooves.taps import Floats
from ...model.model import Model
from ...model.player.conditions import (
    BITS,
    CONTROLS,
    GENRES,
    LOOKAHEAD,
    LOOKBEHIND,
    N_VOICES,
    POWERS,
    PROGRAMMED,
    STEPS,
    BarTold,
    adherence,
    control_rows,
    vectors,
)
from ...model.player.drawing import fitting
from ...model.player.lookback import scaled, touch_input
from ...model.player.network import PlayerWeights, Stream
from ...model.player.player import DrumPlayer
from ...model.playing import Playing
from .features import Bools
from .nats import StepNats, Told, offset_class, velocity_class
from .systems import ModelSystem
from .takes import DrumTake
from .taps import flattened
from .voices import KICK, SNARE

_BLOCK = 16  # bars over which the adherence is told, as in training


class PlayerSystem(ModelSystem):
    """A model with a player as `groovelive drum` asks it: it is told too where drums are programmed."""

    def __init__(self, model: Model, **controls: Any) -> None:
        super().__init__(model, **controls)
        self._programmed = model.player is not None

    def _told(self, genre: str, instrument: str) -> dict[str, Any]:
        told = super()._told(genre, instrument)
        if self._programmed and genre == PROGRAMMED:
            told["genre"] = PROGRAMMED
        return told


class PlayerSolo:
    """A player with nothing to follow, see `systems.SoloSystem`.

    Args:
        player: who plays.
        controls: of `model.playing.Playing`, told at every solo.
    """

    def __init__(self, player: DrumPlayer, **controls: Any) -> None:
        self.player, self.controls = player, controls

    def solo(
        self, bars: int, genre: str, tempo: float, fills: Bools | None, seed: int, context: NDArray[np.float32] | None
    ) -> NDArray[np.float32]:
        """Play, see `systems.SoloSystem`."""
        told = genre if genre in GENRES else None
        playing = Playing(**({"genre": told, "tempo": tempo, "seed": seed} | self.controls))
        first = 0 if context is None else len(context) // STEPS
        fill = None if fills is None else [bool(one) for one in fills]
        return playing.shaped(self.player.play(playing.request(bars, context=context, bar=first, fill=fill)))


class PlayerNats:
    """A player that tells how surprising it finds real takes, see `nats.ScoringSystem`.

    Args:
        weights: of the player.
    """

    def __init__(self, weights: PlayerWeights) -> None:
        self.weights = weights

    def nats(self, take: DrumTake, told: Told) -> StepNats:
        """Score a take step by step, each given what was played before it, and what is told."""
        played = np.asarray(take.hvo, np.float32)
        hits = played[:, :N_VOICES] > 0.5
        steps = len(played)
        known = np.zeros((steps, N_VOICES), np.float32)
        if told == "locks":
            known[:, [KICK, SNARE]] = 1
        rhythm = flattened(played[None])[0] if told == "rhythm" else None
        rows = np.zeros((LOOKBEHIND + steps + LOOKAHEAD, CONTROLS), np.float32)
        rows[LOOKBEHIND : LOOKBEHIND + steps] = control_rows(rhythm, known, hits.astype(np.float32), steps)
        heard = rows[LOOKBEHIND : LOOKBEHIND + steps, :4]
        static, bars_told = self.weights.static(rows, vectors(_bars(take, told, rhythm)))
        past, stream = scaled(played), Stream(self.weights)
        sets = hits.astype(np.float32) @ POWERS
        surprise = np.zeros(steps)
        velocities: list[float] = []
        offsets: list[float] = []
        for t in range(steps):
            if t % STEPS == 0:
                stream.make_room(STEPS)
            y = stream.step(past, t, static[t], bars_told[t // STEPS])
            logits = stream.set_logits(y).astype(np.float64)
            if known[t].any():
                logits[~fitting(known[t], hits[t].astype(np.float32))] = -np.inf
            surprise[t] = -_log_share(logits, int(sets[t]))
            if hits[t].any():
                touch = self._touch(y, heard[t], past, t, played[t])
                velocities += touch[0]
                offsets += touch[1]
        return StepNats(surprise, np.array(velocities), np.array(offsets))

    def _touch(
        self, y: Floats, rhythm: Floats, past: Floats, t: int, played: Floats
    ) -> tuple[list[float], list[float]]:
        """Return the nats of a step's velocities and offsets, each given those of the voices before it."""
        w, half = self.weights, self.weights.sizes.touch
        hits, loud, late = np.split(played, 3)
        done, seen = w["touch_done"], touch_input(past, t)
        base = (
            y @ w["touch_y"] + w["touch_bias"] + rhythm @ w["touch_rhythm"] + BITS[int(hits @ POWERS)] @ w["touch_set"]
        )
        velocities, offsets = [], []
        for v in np.flatnonzero(hits > 0.5):
            a = base + seen[v] @ w["touch_past"] + w["touch_voice"][v]
            k, j = int(velocity_class(loud[v])), int(offset_class(late[v]))
            velocities.append(-_log_share(np.maximum(a[:half], 0) @ w["velocity"] + w["velocity_bias"], k))
            hidden = np.maximum(a[half:] + w["touch_velocity"][k], 0)
            offsets.append(-_log_share(hidden @ w["offset"] + w["offset_bias"], j))
            base = base + done[v] + loud[v] * done[N_VOICES + v] + 2 * late[v] * done[2 * N_VOICES + v]
        return velocities, offsets


def _bars(take: DrumTake, told: Told, rhythm: Floats | None) -> list[BarTold]:
    """Return what is told of each bar of a take."""
    genre: Mapping[str, float] = {take.genre: 1.0} if told != "nothing" and take.genre in GENRES else {}
    tempo = take.tempo if told in ("style", "rhythm") else None
    bars = []
    for bar in range(take.bars):
        shares: Mapping[str, float] = {}
        if rhythm is not None:
            block = slice(bar // _BLOCK * _BLOCK * STEPS, (bar // _BLOCK + 1) * _BLOCK * STEPS)
            shares = adherence(take.hvo[block, :N_VOICES], rhythm[block])
        who = None if rhythm is None else "drums"
        bars.append(BarTold(genre=genre, instrument=who, adherence=shares, tempo=tempo))
    return bars


def _log_share(logits: NDArray[np.floating[Any]], at: int) -> float:
    """Return the logarithm of the share that softmax gives to one of the logits."""
    most = logits.max()
    return float(logits[at] - most - np.log(np.exp(logits - most).sum()))
