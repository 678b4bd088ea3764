"""The player as the evaluation asks it: a drummer that plays solos, and one that says how surprised it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...grooves.groove import Groove
from ...model.player.conditions import N_VOICES, PLAYED, STEPS, adherence
from ...model.player.drawing import fitting
from ...model.player.lookback import scaled, touch_input
from ...model.player.network import PlayerWeights, Stream
from ...model.player.player import DrumPlayer
from ...model.player.request import MAX_BARS, MAX_CONTEXT, Locks, PlayRequest
from ...model.player.stage import Stage
from .nats import StepNats, Told, offset_class, velocity_class
from .takes import DrumTake

Floats = NDArray[np.float32]
_LOCKED = (0, 1)  # kick and snare


class PlayerSolos:
    """A player that plays solos; see `SoloSystem`.

    Args:
        player: who plays.
    """

    def __init__(self, player: DrumPlayer) -> None:
        self._player = player

    def solo(
        self,
        bars: int,
        genre: str,
        tempo: float,
        fills: NDArray[np.bool_] | None,
        seed: int,
        context: Floats | None,
    ) -> Floats:
        """Play bars to no rhythm, (bars * 16, 27); see `SoloSystem.solo`."""
        played: list[Floats] = []
        before = np.zeros((0, PLAYED), np.float32) if context is None else context.astype(np.float32)
        for bar in range(bars):
            fill = None if fills is None else [bool(fills[bar])]
            after = None if fills is None or bar + 1 == bars else bool(fills[bar + 1])
            request = PlayRequest(
                bars=1, context=before[-MAX_CONTEXT * STEPS :] if len(before) else None, genre=genre or None,
                tempo=tempo, fill=fill, fill_next=after, place=bar, seed=seed, bar=bar,
            )  # fmt: skip
            rows = self._player.play(request).rows
            played.append(rows)
            before = np.concatenate([before, rows])[-MAX_CONTEXT * STEPS :]
        return np.concatenate(played)


class PlayerScores:
    """A player that tells how surprising it finds takes; see `ScoringSystem`.

    Args:
        weights: of its network.
    """

    def __init__(self, weights: PlayerWeights) -> None:
        self._weights = weights

    def nats(self, take: DrumTake, told: Told) -> StepNats:
        """Score a take step by step; takes longer than 256 bars are scored as far as that."""
        played = take.hvo[: MAX_BARS * STEPS].astype(np.float32)
        stage = Stage.of(_asked(take, played, told), self._weights)
        stream, past = Stream(self._weights), np.zeros_like(played)
        hits = np.zeros(len(played), np.float32)
        velocities: list[float] = []
        offsets: list[float] = []
        for t, row in enumerate(scaled(played)):
            if t % STEPS == 0:
                stream.make_room(STEPS)
            y = stream.step(past, t, stage.static[t], stage.told[t // STEPS])
            logits = stream.set_logits(y).astype(np.float64)
            if stage.known[t].any():
                logits = np.where(fitting(stage.known[t], stage.locked[t, :N_VOICES]), logits, -1e9)
            chosen = int(row[:N_VOICES] @ (1 << np.arange(N_VOICES)))
            hits[t] = _surprise(logits, chosen)
            loud, late = self._touch(y, stage.rhythm[t], played[t], touch_input(past, t))
            velocities += loud
            offsets += late
            past[t] = row
        return StepNats(hits, np.array(velocities, np.float32), np.array(offsets, np.float32))

    def _touch(self, y: Floats, rhythm: Floats, row: Floats, past: Floats) -> tuple[list[float], list[float]]:
        """Return the nats of the velocities and of the offsets of a step's hits, in the order of voices."""
        w = self._weights
        half, done = w.sizes.touch, w["touch_done"]
        hit, velocity, offset = np.split(row, 3)
        base = y @ w["touch_y"] + w["touch_bias"] + rhythm @ w["touch_rhythm"] + hit @ w["touch_set"]
        loud: list[float] = []
        late: list[float] = []
        for v in np.flatnonzero(hit):
            a = base + past[v] @ w["touch_past"] + w["touch_voice"][v]
            k, j = int(velocity_class(velocity[v])), int(offset_class(offset[v]))
            loud.append(_surprise(np.maximum(a[:half], 0) @ w["velocity"] + w["velocity_bias"], k))
            shifted = np.maximum(a[half:] + w["touch_velocity"][k], 0) @ w["offset"] + w["offset_bias"]
            late.append(_surprise(shifted, j))
            base = base + done[v] + velocity[v] * done[N_VOICES + v] + 2 * offset[v] * done[2 * N_VOICES + v]
        return loud, late


def _asked(take: DrumTake, played: Floats, told: Told) -> PlayRequest:
    """Return a request whose conditions are those that are told."""
    bars = len(played) // STEPS
    rhythm = None
    shares: dict[str, float] = {}
    if told == "rhythm":
        rhythm = Groove.from_hvo(played).tap()
        shares = adherence(played[:, :N_VOICES], rhythm)
    locks = None
    if told == "locks":
        known = np.zeros((len(played), N_VOICES), np.float32)
        known[:, list(_LOCKED)] = 1
        locks = Locks(known, played)
    return PlayRequest(
        bars=bars, rhythm=rhythm, instrument="drums" if rhythm is not None else "any",
        genre=None if told == "nothing" else take.genre, tempo=take.tempo if told in ("style", "rhythm") else None,
        adherence=shares, locks=locks, lead=0,
    )  # fmt: skip


def _surprise(logits: NDArray[np.floating], chosen: int) -> float:
    """Return the nats of one class under logits."""
    top = logits.max()
    return float(np.log(np.exp(logits - top).sum()) + top - logits[chosen])
