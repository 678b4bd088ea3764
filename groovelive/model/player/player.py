"""The player: asked for bars, it plays on from what was played, to a rhythm, as it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from os import PathLike
from pathlib import Path

import numpy as np

from ...hvo import GROUPS, Groove
from .conditions import (
    BITS,
    LOOKAHEAD,
    LOOKBEHIND,
    N_VOICES,
    PLAYED,
    STEPS,
    STRONG,
    BarTold,
    Floats,
    control_rows,
    vectors,
)
from .drawing import chances, draw_set, draw_touch, fitting, shares
from .hands import Bools, Hands
from .lookback import scaled, touch_input
from .network import PlayerWeights, Stream
from .request import MAX_CONTEXT, PlayRequest

WEIGHTS = Path(__file__).parents[1] / "weights" / "player.npz"
LEAD = 2  # bars before those that count where nothing was played before: a cold start is stiffer than what follows
_BLOCK = 4  # bars over which the density of the context is told

# What is told where nothing is said of adherence, by who plays the rhythm.
USUAL_ADHERENCE: Mapping[str, Mapping[str, float]] = {
    "typed": {"answered": 0.9, "kept": 0.5},
    "any": {"answered": 0.9, "kept": 0.5},
}


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """What a player answers.

    Args:
        hits, velocities, offsets: (steps, 9) float32, as in a Groove.
        nats: (steps,) how surprising each step's set of hits was to the player, at temperature 1.
        probabilities: (steps, 9) of each voice, given all that was played before; None unless asked for.
    """

    hits: Floats
    velocities: Floats
    offsets: Floats
    nats: Floats
    probabilities: Floats | None = None

    @property
    def groove(self) -> Groove:
        """It as a Groove."""
        return Groove(self.hits, self.velocities, self.offsets)

    @property
    def rows(self) -> Floats:
        """It as (steps, 27): what the next request takes as its context."""
        return np.concatenate([self.hits, self.velocities, self.offsets], 1)


class DrumPlayer:
    """A drummer that plays on. It keeps nothing between two requests.

    Args:
        weights: of its network.

    >>> player = DrumPlayer.load()
    >>> rhythm = Groove.parse("x..x..x.").tap()
    >>> first = player.play(PlayRequest(bars=2, rhythm=rhythm, instrument="typed", tempo=110))
    >>> again = player.play(PlayRequest(bars=2, rhythm=rhythm, instrument="typed", tempo=110))
    >>> first.groove.bars, bool((first.rows == again.rows).all())
    (2, True)
    """

    def __init__(self, weights: PlayerWeights) -> None:
        self.weights = weights

    @classmethod
    @cache
    def load(cls, path: str | PathLike[str] = WEIGHTS) -> DrumPlayer:
        """Return the player of a file of weights, by default the one that is shipped; read once."""
        return cls(PlayerWeights.load(path))

    def play(self, request: PlayRequest) -> Played:
        """Play what is asked: the same request gives the same bits."""
        return self._play(request, *self._prepared(request))

    def candidates(self, request: PlayRequest, n: int, first: int = 0) -> list[Played]:
        """Return `n` answers: those of `play` to the request with variant `first`, `first` + 1, …

        What they share is computed once; each is drawn by itself, and has the same bits as alone.
        """
        stage, stream = self._prepared(request)
        return [self._play(replace(request, variant=first + i), stage, stream.copy()) for i in range(n)]

    def probabilities(self, request: PlayRequest, n: int = 16) -> tuple[Floats, Floats, Floats]:
        """Return how likely each cell is over `n` answers, and how it is played where it is.

        The probabilities of a single answer depend on what it has played before; their mean over answers does not.

        Returns:
            Probabilities, velocities and offsets, (steps, 9): the means over the answers that have the hit, 0 in none.
        """
        answers = self.candidates(replace(request, probabilities=True), n)
        p = np.mean([a.probabilities for a in answers], 0, dtype=np.float64)
        count = np.maximum(np.sum([a.hits for a in answers], 0), 1)
        v = np.sum([a.velocities for a in answers], 0) / count
        o = np.sum([a.offsets for a in answers], 0) / count
        return p.astype(np.float32), v.astype(np.float32), o.astype(np.float32)

    def _prepared(self, request: PlayRequest) -> tuple[_Stage, Stream]:
        stage = _Stage.of(request, self.weights)
        stream = Stream(self.weights)
        steps = len(stage.context)
        stream.prefill(stage.context, stage.static[:steps], stage.told[: steps // STEPS])
        return stage, stream

    def _play(self, request: PlayRequest, stage: _Stage, stream: Stream) -> Played:
        steps = len(stage.static)
        begin = len(stage.context)
        past = np.zeros((steps, PLAYED), np.float32)
        past[:begin] = scaled(stage.context)
        nats = np.zeros(steps, np.float32)
        p = np.zeros((steps, N_VOICES), np.float32) if request.probabilities else None
        hands = Hands(stage.context[:, :N_VOICES], request.tempo) if request.hands else None
        muted = [v for group in GROUPS if request.density.get(group) == 0 for v in GROUPS[group]]
        open_ = ~(BITS[:, muted] > 0).any(1)
        for at in range(begin, steps, STEPS):
            number = (at - begin) // STEPS - stage.lead
            u = chances(request.seed, request.drummer, request.bar + number, request.variant, number < 0)
            stream.make_room(STEPS)
            length, ready = stream.length, None if hands is None else hands.copy()
            bar = slice(at, at + STEPS)
            loudest = self._bar(request, stage, stream, hands, open_, past, nats, p, at, u, None)
            if loudest is not None and not past[bar, :N_VOICES].any() and not stage.may_be_silent[at // STEPS]:
                stream.length, hands = length, ready
                self._bar(request, stage, stream, hands, open_, past, nats, p, at, u, loudest)
        first = begin + stage.lead * STEPS
        hits, velocities, offsets = np.split(past[first:], 3, 1)
        return Played(
            hits.copy(), velocities.copy(), offsets / 2, nats[first:].copy(), None if p is None else p[first:].copy()
        )

    def _bar(
        self, request: PlayRequest, stage: _Stage, stream: Stream, hands: Hands | None, open_: Bools, past: Floats,
        nats: Floats, p: Floats | None, at: int, u: Floats, sound: int | None,
    ) -> int | None:  # fmt: skip
        """Play a bar into `past`; at step `sound` not silence. Return where silence was least likely, if anywhere."""
        told = stage.told[at // STEPS]
        touch = (request.velocity_temperature, request.offset_temperature)
        best, least = None, 2.0
        for i in range(STEPS):
            t = at + i
            y = stream.step(past, t, stage.static[t], told)
            logits = stream.set_logits(y)
            known = stage.known[t]
            legal = fitting(known, stage.locked[t, :N_VOICES]) if known.any() else None
            share = shares(logits, _EVERY if legal is None else legal)
            allowed = open_
            if request.mirror:
                allowed = open_ & _SOUND if stage.rhythm[t, 1] and open_[1:].any() else _SILENCE
            if hands is not None:
                allowed = allowed & hands.allowed()
            if legal is not None:  # what the user locks wins over all else
                allowed = allowed & legal if (allowed & legal).any() else legal
            if allowed[1:].any():
                silence = float(share[0]) if allowed[0] else 0.0
                if silence < least:
                    best, least = i, silence
                if sound == i:
                    allowed = allowed & _SOUND
            past[t] = 0
            k = draw_set(logits, allowed, float(u[i, 0]), request.temperature, request.top_k)
            hits = BITS[k]
            nats[t] = -np.log(max(float(share[k]), 1e-12))
            if p is not None:
                p[t] = share @ BITS
            if k:
                velocities, offsets = draw_touch(
                    self.weights, y, stage.rhythm[t], hits, touch_input(past, t), stage.fixed[t], u[i, 1:], touch
                )
                past[t] = np.concatenate([hits, velocities, 2 * offsets])
            if hands is not None:
                hands.played(hits)
        return best


_EVERY = np.ones(len(BITS), bool)
_SILENCE = BITS.sum(1) == 0
_SOUND = ~_SILENCE


@dataclass(frozen=True, slots=True, eq=False)
class _Stage:
    """A request laid out in time: the context, the lead, the bars that count.

    Args:
        context: (P, 27); lead: bars between it and those that count.
        static, told: what the network knows of each step beforehand.
        rhythm: (steps, 4) known, hit, velocity, offset.
        known, locked, fixed: the locks by step, (steps, 9), (steps, 27), and (steps, 2, 9) with NaN.
        may_be_silent: by bar.
    """

    context: Floats
    lead: int
    static: Floats
    told: Floats
    rhythm: Floats
    known: Floats
    locked: Floats
    fixed: Floats
    may_be_silent: list[bool]

    @classmethod
    def of(cls, request: PlayRequest, weights: PlayerWeights) -> _Stage:
        context = np.zeros((0, PLAYED), np.float32)
        if request.context is not None and request.context[:, :N_VOICES].any():
            context = request.context[-MAX_CONTEXT * STEPS :]
        before = len(context) // STEPS
        lead = request.lead if request.lead is not None else 0 if before else LEAD
        skipped = (before + lead) * STEPS
        steps = skipped + request.bars * STEPS
        rhythm = _rhythm(request, len(context), skipped, steps)
        known = np.zeros((steps, N_VOICES), np.float32)
        locked = np.zeros((steps, PLAYED), np.float32)
        if request.locks is not None:
            turn = np.arange(len(context), steps) - skipped  # the lead plays with the locks of the bars at their end
            known[len(context) :] = np.asarray(request.locks.known)[turn % (steps - skipped)] > 0
            locked[len(context) :] = np.asarray(request.locks.played, np.float32)[turn % (steps - skipped)]
        on = (known > 0) & (locked[:, :N_VOICES] > 0) & ~np.isnan(locked[:, N_VOICES : 2 * N_VOICES])
        fixed = np.where(on[:, None], locked[:, N_VOICES:].reshape(steps, 2, N_VOICES), np.nan).astype(np.float32)
        fixed[:, 1] = np.where(on, np.nan_to_num(fixed[:, 1]), np.nan)

        rows = np.zeros((LOOKBEHIND + steps + LOOKAHEAD, 4 + 2 * N_VOICES), np.float32)
        inside = rows[LOOKBEHIND : LOOKBEHIND + steps]
        inside[:] = control_rows(None, known, locked[:, :N_VOICES], steps)
        rows[LOOKBEHIND:, :4] = rhythm
        rhythm = rhythm[:steps]
        conditions = vectors(_bars(request, context, lead, rhythm))
        static, told = weights.static(rows, conditions)

        impossible = ((known > 0) & (locked[:, :N_VOICES] == 0)).all(1)
        if request.mirror:
            impossible |= rhythm[:, 1] == 0
        asked = all(request.density.get(group, 1.0) == 0 for group in GROUPS)
        silent = [asked or bool(bar.all()) for bar in impossible.reshape(-1, STEPS)]
        return cls(context, lead, static, told, rhythm, known, locked, fixed, silent)


def _rhythm(request: PlayRequest, context: int, skipped: int, steps: int) -> Floats:
    """Return the rhythm, (…, 4), from the first step of the context to `LOOKAHEAD` after the last; see `_Stage`."""
    rows = np.zeros((steps + LOOKAHEAD, 4), np.float32)
    own = request.rhythm
    if own is not None and own[:, 0].any():
        turn = (np.arange(len(rows)) - skipped) % len(own)
        rows[:, 0], rows[:, 1:] = 1, own[turn]
    if request.rhythm_next is not None:
        after = request.rhythm_next[:LOOKAHEAD]
        rows[steps:] = 0
        rows[steps : steps + len(after), 0], rows[steps : steps + len(after), 1:] = 1, after
    if request.rhythm_before is not None:
        known = request.rhythm_before[-context:] if context else request.rhythm_before[:0]
        rows[:context] = 0
        if len(known):
            rows[context - len(known) : context, 0] = 1
            rows[context - len(known) : context, 1:] = known
    rows[:, 2:] *= rows[:, 1:2]
    return rows


def _bars(request: PlayRequest, context: Floats, lead: int, rhythm: Floats) -> list[BarTold]:
    """Return what is told of the bars of the context, of the lead, and of those that count.

    Of the context the densities and the adherence that it really has are told, where those of the bars to come are:
    a wish that the past did not fulfil would be no wish for long.
    """
    before = len(context) // STEPS
    wished = _adherence(request)
    hits = context[:, :N_VOICES]
    had = _measured(hits, rhythm[: len(context), 1:]) if before and wished else {}
    fills = request.fills()
    bars = []
    for bar in range(before + lead + request.bars):
        number = bar - before - lead
        known = bool(rhythm[bar * STEPS, 0])
        density = request.density
        if bar < before and density:
            end = min(before, (bar // _BLOCK + 1) * _BLOCK)
            block = hits[bar // _BLOCK * _BLOCK * STEPS : end * STEPS]
            density = {n: float(block[:, list(GROUPS[n])].sum(1).mean()) for n in density}
        shares = had if bar < before else wished
        bars.append(
            BarTold(
                genre=request.genres,
                instrument=request.instrument if known else None,
                density=density,
                adherence={n: shares[n] for n in wished if n in shares} if known else {},
                tempo=request.tempo,
                fill=fills[number] if number >= 0 else None,
                fill_next=(fills[number + 1] if number + 1 < len(fills) else request.fill_next)
                if number >= -1 else None,
                place=None if request.place is None else request.place + number,
            )
        )  # fmt: skip
    return bars


def _adherence(request: PlayRequest) -> Mapping[str, float]:
    wish = request.adherence
    if wish is None:
        return USUAL_ADHERENCE.get(request.instrument, {})
    if isinstance(wish, Mapping):
        return wish
    return {"answered": wish, "accented": wish}


def _measured(hits: Floats, rhythm: Floats) -> dict[str, float]:
    """Return the shares `ADHERENCES` of what was played (steps, 9) to a rhythm (steps, 3)."""
    on, sounds = rhythm[:, 0] > 0, hits.max(1) > 0
    had: dict[str, float] = {}
    if on.any():
        had["answered"] = float(sounds[on].mean())
        accents = on & (rhythm[:, 1] >= np.percentile(rhythm[on, 1], 75) - 1e-6)
        had["accented"] = float(hits[accents][:, list(STRONG)].max(1).mean())
    if sounds.any():
        had["kept"] = float(on[sounds].mean())
    return had
