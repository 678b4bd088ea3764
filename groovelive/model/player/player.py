"""The player: asked for bars, it plays on from what was played, to a rhythm, as it is told."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from os import PathLike
from pathlib import Path
from typing import TypeVar

import numpy as np

from ...grooves.grid import GROUPS
from ...grooves.groove import Groove
from .conditions import BITS, N_VOICES, PLAYED, STEPS, STRONG, Floats
from .critic import LOOP
from .drawing import chances, draw_set, draw_touch, fitting
from .hands import Bools, HandsAndFeet
from .lookback import scaled, touch_input
from .network import PlayerWeights, Stream
from .request import PlayRequest
from .stage import Stage

WEIGHTS = Path(__file__).parents[1] / "weights" / "player.npz"

_Result = TypeVar("_Result")
_SOUND: Bools = BITS.max(1) > 0
_SILENCE: Bools = np.array(1 - _SOUND, dtype=np.bool_)
_WEAK: Bools = BITS[:, list(STRONG)].max(1) == 0
_CHOICE = 1 << 20  # the attempt whose chances choose among the others
_ENOUGH = 30.0  # nats that make a choice the last one, and still leave an order among the last


@dataclass(frozen=True, slots=True, eq=False)
class PlayedBars:
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


def finished(work: Generator[None, None, _Result]) -> _Result:
    """Do work that gives way now and then, without giving way, and return its result."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: _Result = end.value
            return result


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
        return cls.read(path)

    @classmethod
    def read(cls, path: str | PathLike[str]) -> DrumPlayer:
        """Return the player of a file of weights as it is now."""
        return cls(PlayerWeights.load(path))

    def play(self, request: PlayRequest) -> PlayedBars:
        """Play what is asked: the same request gives the same bits."""
        return finished(self.steps(request))

    def steps(self, request: PlayRequest) -> Generator[None, None, PlayedBars]:
        """Play what is asked; give way after the context, and after each bar. It returns what `play` does."""
        stage, stream = self._prepared(request)
        yield
        if not self._chooses(request, stage):
            return (yield from _Playing(request, stage, stream).bars())
        # Which beginning is chosen does not depend on the locks: a lock changes no other draw.
        free = request if request.locks is None else replace(request, locks=None)
        own = (stage, stream) if free is request else self._prepared(free)
        begun = []
        for attempt in range(request.tries):
            playing = _Playing(free, own[0], own[1].copy(), attempt)
            bars = playing.bars()
            for _ in range(stage.lead + min(2, request.bars)):
                yield next(bars)
            begun.append((playing, bars))
        chosen = self._chosen([playing for playing, _ in begun])
        if free is request:
            return (yield from begun[chosen][1])
        return (yield from _Playing(request, stage, stream, chosen).bars())

    def candidates(self, request: PlayRequest, n: int, first: int = 0) -> list[PlayedBars]:
        """Return `n` answers: those of `play` to the request with variants from `first` on.

        What they share is computed once; each is drawn by itself, and has the same bits as alone.
        """
        return list(self._variants(request, range(first, first + n)))

    def probabilities(self, request: PlayRequest, n: int = 16) -> tuple[Floats, ...]:
        """Return how likely each cell is over `n` answers, and how it is played where it is.

        The probabilities of a single answer depend on what it has played before; their mean over answers does not.

        Returns:
            Probabilities, velocities and offsets, (steps, 9); the last two are means over the answers that have the
            hit, 0 where none has.
        """
        return finished(self.probability_steps(request, n))

    def probability_steps(self, request: PlayRequest, n: int = 16) -> Generator[None, None, tuple[Floats, ...]]:
        """Work out what `probabilities` returns, and give way after each answer."""
        answers = []
        for answer in self._variants(replace(request, probabilities=True), range(n)):
            answers.append(answer)
            yield
        p = np.mean([a.probabilities for a in answers if a.probabilities is not None], 0)
        count = np.maximum(np.sum([a.hits for a in answers], 0), 1)
        return p, np.sum([a.velocities for a in answers], 0) / count, np.sum([a.offsets for a in answers], 0) / count

    def _variants(self, request: PlayRequest, numbers: Iterable[int]) -> Iterator[PlayedBars]:
        """Yield the answers to a request with variants of these numbers."""
        stage, stream = self._prepared(request)
        for number in numbers:
            one = replace(request, variant=number)
            yield self.play(one) if self._chooses(one, stage) else _Playing(one, stage, stream.copy()).answer()

    def stage(self, request: PlayRequest) -> Stage:
        """Lay out a request in time: what is known of each step before it is played."""
        return Stage.of(request, self.weights)

    def _chooses(self, request: PlayRequest, stage: Stage) -> bool:
        """Return whether several beginnings are drawn: a variant is one draw, to be chosen from by others."""
        alone = request.variant or request.mirror or len(stage.context)
        return self.weights.critic is not None and request.tries > 1 and not alone

    def _chosen(self, begun: list[_Playing]) -> int:
        """Return which of several beginnings is played on."""
        assert self.weights.critic is not None
        first = begun[0]
        stage, r = first.stage, first.request
        loop = (stage.lead * STEPS + np.arange(LOOP) % (STEPS * min(2, r.bars))).astype(np.int64)
        hits = np.stack([one.past[loop, :N_VOICES] for one in begun])
        rhythm = np.repeat(stage.rhythm[None, loop], len(begun), 0)
        told = np.repeat(stage.conditions[None, stage.lead], len(begun), 0)
        u = chances(r.seed, r.drummer, r.bar, r.variant, attempt=_CHOICE)[: len(begun), 0]
        return self.weights.critic.choose(hits, rhythm, told, u)

    def _prepared(self, request: PlayRequest) -> tuple[Stage, Stream]:
        stage, stream = self.stage(request), Stream(self.weights)
        steps = len(stage.context)
        stream.prefill(stage.context, stage.static[:steps], stage.told[: steps // STEPS])
        return stage, stream


class _Playing:
    """An answer in the making."""

    def __init__(self, request: PlayRequest, stage: Stage, stream: Stream, attempt: int = 0) -> None:
        self.request, self.stage, self.stream, self.attempt = request, stage, stream, attempt
        steps = len(stage.static)
        self.past = np.zeros((steps, PLAYED), np.float32)
        self.past[: len(stage.context)] = scaled(stage.context)
        self.nats = np.zeros(steps, np.float32)
        self.probabilities = np.zeros((steps, N_VOICES), np.float32) if request.probabilities else None
        self.hands = HandsAndFeet(stage.context[:, :N_VOICES], request.tempo) if request.hands else None
        muted = [v for group, voices in GROUPS.items() if request.density.get(group) == 0 for v in voices]
        self.open: Bools = ~np.asarray(BITS[:, muted].any(1))

    def answer(self) -> PlayedBars:
        """Play all bars, and return those that count."""
        for _ in self.bars():
            pass
        return self._answer()

    def bars(self) -> Generator[None, None, PlayedBars]:
        """Play all bars, and give way after each; returns those that count."""
        r, stage, begin = self.request, self.stage, len(self.stage.context)
        for at in range(begin, len(self.past), STEPS):
            number = (at - begin) // STEPS - stage.lead
            u = chances(r.seed, r.drummer, r.bar + number, r.variant, number < 0, self.attempt if number < 2 else 0)
            self.stream.make_room(STEPS)
            length, hands = self.stream.length, self.hands and self.hands.copy()
            loudest = self._bar(at, u)
            silent = not self.past[at : at + STEPS, :N_VOICES].any()
            if silent and loudest is not None and not stage.may_be_silent[at // STEPS]:
                self.stream.length, self.hands = length, hands
                self._bar(at, u, loudest)
            yield
        return self._answer()

    def _answer(self) -> PlayedBars:
        stage = self.stage
        first = len(stage.context) + stage.lead * STEPS
        hits, velocities, offsets = (part.copy() for part in np.split(self.past[first:], 3, 1))
        p = None if self.probabilities is None else self.probabilities[first:]
        return PlayedBars(hits, velocities, offsets * np.float32(0.5), self.nats[first:], p)

    def _bar(self, at: int, u: Floats, sound: int | None = None) -> int | None:
        """Play a bar, at its step `sound` not silence; return where silence is least likely, None if it is a must."""
        r, stage, past = self.request, self.stage, self.past
        touch = (r.velocity_temperature, r.offset_temperature)
        best, least = None, 2.0
        for i in range(STEPS):
            t = at + i
            y = self.stream.step(past, t, stage.static[t], stage.told[at // STEPS])
            logits = self.stream.set_logits(y)
            fits = fitting(stage.known[t], stage.locked[t, :N_VOICES]) if stage.known[t].any() else None
            if fits is not None:
                logits[~fits] = -1e9
            logits -= logits.max()
            odds = np.exp(logits)
            total = float(odds.sum())
            allowed = self._allowed(t, fits)
            if allowed[1:].any():
                silence = float(odds[0]) / total if allowed[0] else 0.0
                if silence < least:
                    best, least = i, silence
                if sound == i:
                    allowed = allowed & _SOUND
            surprise = np.log(total) - logits
            if stage.accents[t] and stage.leave < 1:
                logits[_WEAK] += max(math.log(max(stage.leave, 1e-30)), -_ENOUGH)
            k = draw_set(logits, allowed, float(u[i, 0]), r.temperature, r.top_k)
            self.nats[t] = surprise[k]
            if self.probabilities is not None:
                self.probabilities[t] = odds @ BITS / np.float32(total)
            past[t] = 0
            if k:
                velocities, offsets = draw_touch(
                    self.stream.weights,
                    y,
                    stage.rhythm[t],
                    BITS[k],
                    touch_input(past, t),
                    stage.fixed[t],
                    u[i, 1:],
                    touch,
                )
                past[t] = np.concatenate([BITS[k], velocities, 2 * offsets])
            if self.hands is not None:
                self.hands.played(BITS[k])
        return best

    def _allowed(self, t: int, fits: Bools | None) -> Bools:
        """Return which sets may be played at step `t`: at least one. What is locked wins over all else."""
        allowed: Bools = self.open
        if self.hands is not None:
            allowed = allowed & self.hands.allowed()
        if self.request.mirror:
            sounds = self.stage.rhythm[t, 1] > 0 and allowed[1:].any()
            allowed = allowed & _SOUND if sounds else _SILENCE
        if fits is None:
            return allowed
        return allowed & fits if (allowed & fits).any() else fits
