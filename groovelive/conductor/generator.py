"""How the engine fulfils a wish: from what a drummer wants to requests, and from their replies to a pattern."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..grooves.grid import VOICES, Note
from ..grooves.swing import swung_eighths
from ..grooves.taps import mixed
from ..protocol.base import Array, EngineError
from ..protocol.engine import (
    AnyReply,
    AnyRequest,
    Decode,
    Encode,
    EngineHello,
    Generate,
    Grooves,
    Latents,
    ModelInfo,
    Play,
    WalkRequest,
    Welcome,
)
from ..score.edits import Pattern, pack, unpack
from ..score.play_on import PlayOn, rows
from ..score.queries import Spot, Wish
from ..score.rhythms import LOOP_STEPS, tap_of

Floats = NDArray[np.float32]
Ask = Callable[[AnyRequest], AnyReply]
_V = TypeVar("_V")
_SWINGING = "jazz"  # the genre whose 8ths swing unless a performer says otherwise


@dataclass(slots=True)
class Generator:
    """Turns wishes into patterns by asking the engine; it remembers what it was told last.

    Args:
        ask: sends a request and returns the reply; raises `EngineError`.
        model: the name of the model, or None for the engine's first.
    """

    ask: Ask
    model: str | None = None
    _latents: OrderedDict[Spot, Floats] = field(default_factory=OrderedDict)
    _walks: OrderedDict[Wish, tuple[list[Pattern], Floats]] = field(default_factory=OrderedDict)
    _known: list[ModelInfo] = field(default_factory=list)
    _answers: OrderedDict[Wish, Pattern] = field(default_factory=OrderedDict)

    def __call__(self, wish: Wish) -> Pattern:
        """Return the pattern that fulfils a wish.

        Raises:
            EngineError: the engine refuses it, is late, or is not there.
        """
        if wish.play is not None:
            if _silent(wish):
                return Pattern(notes=b"")
            if played := self._by_player(wish, wish.play):
                return _patterns(self._swung(wish, played))[0]
            wish = replace(wish, play=None)
        if wish in self._answers:
            self._answers.move_to_end(wish)
            return self._answers[wish]
        return _kept(self._answers, wish, self._walk(wish) if wish.walk else self._play(wish), 512)

    def _play(self, wish: Wish) -> Pattern:
        if _silent(wish):
            return Pattern(notes=b"")  # to silence the drums rest
        return _patterns(self._grooves(self._request(wish)))[0]

    def _swung(self, wish: Wish, played: Grooves) -> Floats:
        """Return what the player answered; of jazz, whose swing nobody has set, the straight 8ths swing."""
        grooves: Floats = played.grooves.numpy("grooves")
        style = dict(self._style(wish))
        if wish.play is None or not wish.play.swings or style.get(_SWINGING, 0.0) <= sum(style.values()) / 2:
            return grooves
        return swung_eighths(grooves)

    def _style(self, wish: Wish) -> tuple[tuple[str, float], ...]:
        """Return the genres of a wish: as told, or else those of the presets that it plays or walks between."""
        if wish.genre or (wish.tap and wish.follow >= 1 and not wish.drift):
            return wish.genre
        if wish.walk is not None:
            return self._genres(wish.walk[0], wish.walk[1], wish.walk[3] / (wish.walk[2] - 1))
        return self._genres(wish.spot, wish.spot, 0.0) if wish.spot is not None and wish.spot.name else ()

    def chances(self, wish: Wish) -> Floats:
        """Return the model's probability of each cell, (32, 9) float32, in the pattern that fulfils a wish.

        Raises:
            EngineError: the engine refuses it, is late, or is not there.
        """
        if _silent(wish):
            return np.zeros((32, len(VOICES)), np.float32)
        if wish.play is not None:
            if (played := self._by_player(wish, wish.play, probabilities=True)) and played.probabilities is not None:
                chances: Floats = played.probabilities.numpy("probabilities")[0]
                return chances
            wish = replace(wish, play=None)
        if wish.walk:
            genre = wish.genre or self._genres(wish.walk[0], wish.walk[1], wish.walk[3] / (wish.walk[2] - 1))
            there = Spot(z=self.place(wish).tobytes())
            wish = replace(wish, walk=None, moving=False, follow=0.0, genre=genre, spot=there)
        reply = self.ask(self._request(wish, probabilities=True))
        assert isinstance(reply, Grooves) and reply.probabilities is not None
        found: Floats = reply.probabilities.numpy("probabilities")[0]
        return found

    def _by_player(self, wish: Wish, play: PlayOn, **more: Any) -> Grooves | None:
        """Return what the player answers; None where the model has none, so that its mirror plays."""
        try:
            reply = self.ask(self._played(wish, play, **more))
        except EngineError as error:
            if (error.code, error.field) == ("UNSUPPORTED", "type"):
                return None
            raise
        assert isinstance(reply, Grooves)
        return reply

    def idea(self, wish: Wish, variant: int, like: Pattern | None = None) -> tuple[Pattern, float]:
        """Return one of many answers to a wish, and how surprising its hits were to the player, in nats a step.

        Args:
            wish: of which `play` is asked; what is likely is not asked for: each is drawn.
            variant: its number.
            like: what it goes on from; None: it begins afresh, whatever was played.

        Raises:
            EngineError: the engine refuses it, is late, or is not there.
        """
        assert wish.play is not None
        play = wish.play
        context = b"" if like is None else np.tile(rows(unpack(like.notes), LOOP_STEPS), (2, 1)).tobytes()
        # What was played would make them all like it.
        play = replace(play, context=context, chosen=like is not None, fresh=False, genre_before=())
        drawn = replace(wish, rest=tuple(pair for pair in wish.rest if pair[0] != "sampling"))
        reply = self.ask(self._played(drawn, play, variant=variant, probabilities=True))
        assert isinstance(reply, Grooves) and reply.probabilities is not None
        grooves = reply.grooves.numpy("grooves")
        swung = self._swung(wish, reply)
        hits, p = grooves[0, :, : len(VOICES)], np.clip(reply.probabilities.numpy("probabilities")[0], 1e-6, 1 - 1e-6)
        nats = -np.where(hits > 0, np.log(p), np.log(1 - p)).sum(1)
        return _patterns(swung)[0], float(nats.mean())

    def _played(self, wish: Wish, play: PlayOn, **more: Any) -> AnyRequest:
        """Return what the player is asked: a rhythm, that of a tap or of a pattern of the latent space, or of both."""
        tap = np.frombuffer(wish.tap, np.float32).reshape(-1, 3) if wish.tap else None
        context = np.frombuffer(play.context, np.float32).reshape(-1, 3 * len(VOICES))
        genre = wish.genre
        if tap is None or wish.follow < 1 or wish.drift:
            own = tap is not None and wish.follow < 1 and not wish.drift
            point = replace(wish, play=None, tap=b"", follow=0.0) if own else replace(wish, play=None)
            notes = unpack(self(point).notes)
            pattern = tap_of(notes)
            share = wish.follow if own else 0.0
            if share and len(context) < LOOP_STEPS:
                context = self._grooves(self._played(replace(wish, follow=1.0), play))[0]
            if not (play.chosen and len(context)):  # else an idea is gone on from
                context = _in_mind(rows(notes, LOOP_STEPS), context, share, play.seed)
                play = replace(play, fresh=False, genre_before=())  # the preset was played to its own rhythm
            tap = mixed(tap, pattern, share, play.seed) if own and tap is not None else pattern
            genre = self._style(wish)
        fields = self._fields(replace(wish, genre=tuple(pair for pair in genre if pair[0] != "any"))) | more
        fields.pop("guidance", None)  # of the mirror, which may be asked for a pattern above
        fields |= {name: _mapping(pairs) for name in ("threshold", "max_hits") if (pairs := getattr(wish, name))}
        known, held = (np.frombuffer(data, np.float32).reshape(LOOP_STEPS, -1) for data in (play.known, play.held))
        locked = bool(known.any())
        return Play(
            bar=play.loop,
            tap=Array.of(tap) if tap is not None and tap[:, 0].any() else None,
            context=Array.of(context) if len(context) else None,
            known=Array.of(known) if locked else None,
            held=Array.of(held) if locked else None,
            fill=play.fill,
            adherent=play.adherent,
            fresh=play.fresh,
            genre_before={name: weight for name, weight in play.genre_before if name != "any"} or None,
            instrument=play.instrument,
            adherence=play.adherence,
            variation=play.variation,
            complexity=play.complexity,
            intensity=play.intensity,
            tempo=min(max(play.tempo, 20.0), 400.0),
            phrase=play.phrase,
            drummer=play.drummer,
            seed=play.seed,
            **fields,
        )

    def _request(self, wish: Wish, **more: Any) -> AnyRequest:
        fields = self._fields(wish) | more | {
            name: _mapping(pairs) for name in ("threshold", "max_hits") if (pairs := getattr(wish, name))
        }  # fmt: skip
        fields["seed"] = wish.seed
        if wish.tap and not wish.drift:
            preset = None if wish.spot is None else Array.of(self._mixed(wish))
            tap = Array.of(np.frombuffer(wish.tap, np.float32).reshape(-1, 3))
            return Generate(tap=tap, follow=wish.follow, preset=preset, **fields)
        if wish.drift or wish.spot_b is not None or wish.spot is None or not wish.spot.name:
            return Decode(z=Array.of(self._strayed(wish)), **fields)
        return Decode(z=wish.spot.name, **fields)

    def _walk(self, wish: Wish) -> Pattern:
        """Return a step of a walk: of an even one, all of whose steps are asked for at once, or one by its latent.

        The even one changes about as many hits from step to step, each once; but it knows neither thresholds nor
        chance, and would have to be asked for anew where genre or density move.
        """
        assert wish.walk is not None
        start, end, steps, index, path = wish.walk
        drawn = {"temperature", "sampling"} & dict(wish.rest).keys()
        one_by_one = wish.moving or wish.threshold or wish.max_hits or drawn
        whole = Wish(walk=(start, end, steps, 0, path), seed=-1)
        fields: dict[str, Any] = {"model": self.model}
        if not one_by_one:
            whole = replace(wish, walk=(start, end, steps, 0, path))
            fields = self._fields(wish)
        if whole not in self._walks:
            first, last = (self._asked(spot, wish) for spot in (start, end))
            reply = self.ask(WalkRequest(start=first, end=last, steps=steps, path=path, **fields))
            assert isinstance(reply, Grooves) and reply.latents is not None
            found = _patterns(reply.grooves.numpy("grooves")), reply.latents.numpy("latents")
            _kept(self._walks, whole, found, 64)
        self._walks.move_to_end(whole)
        patterns, latents = self._walks[whole]
        if not one_by_one:
            return patterns[index]
        genre = wish.genre or self._genres(start, end, index / (steps - 1))
        there = Spot(z=latents[index].tobytes())
        return self(replace(wish, walk=None, moving=False, follow=0.0, genre=genre, spot=there))

    def _genres(self, start: Spot, end: Spot, share: float) -> tuple[tuple[str, float], ...]:
        """Return the genres on the way between two spots, where they have one."""
        presets = {name: genre for model in self._models() for name, genre in model.presets.items()}
        weights: dict[str, float] = {}
        for spot, part in ((start, 1 - share), (end, share)):
            genre = presets.get(spot.name, spot.name or "any")
            weights[genre] = weights.get(genre, 0.0) + part
        return tuple((name, weight) for name, weight in weights.items() if weight > 0)

    def _models(self) -> list[ModelInfo]:
        if not self._known:
            reply = self.ask(EngineHello())
            assert isinstance(reply, Welcome)
            self._known = [m for m in reply.models if self.model in (None, m.name)][:1]
        return self._known

    def _fields(self, wish: Wish) -> dict[str, Any]:
        fields: dict[str, Any] = {"model": self.model, **dict(wish.rest)}
        if wish.genre:
            fields["genre"] = dict(wish.genre) if len(wish.genre) > 1 else wish.genre[0][0]
        if wish.density:
            fields["density"] = _mapping(wish.density)
        return fields

    def _asked(self, spot: Spot, wish: Wish) -> str | Array:
        """Return a spot as a request names it."""
        if spot.tap:
            return Array.of(np.frombuffer(spot.tap, np.float32).reshape(-1, 3))
        return spot.name if spot.name else Array.of(self.latent(spot, _first(wish)))

    def _mixed(self, wish: Wish) -> Floats:
        z = self.latent(wish.spot or Spot(), _first(wish))
        if wish.spot_b is None:
            return z
        return z + np.float32(wish.blend) * (self.latent(wish.spot_b, _first(wish)) - z)

    def _strayed(self, wish: Wish) -> Floats:
        """Return the latent that is played, drift included."""
        if wish.tap:
            z = self.latent(Spot(tap=wish.tap), "")
            if wish.follow < 1:
                other = self._mixed(wish)
                z = other + np.float32(wish.follow) * (z - other)
        else:
            z = self._mixed(wish)
        if wish.drift is None:
            return z
        amount, first, second, share = wish.drift
        a, b = (np.random.default_rng(seed).standard_normal(len(z)) for seed in (first, second))
        noise = (1 - share) * a + share * b
        noise /= math.hypot(1 - share, share)  # as far out between two points as at them
        return (z + amount * noise).astype(np.float32)

    def place(self, wish: Wish) -> Floats:
        """Return the latent (z,) of what a wish plays."""
        if wish.walk is None:
            return self._strayed(wish)
        start, end, steps, index, _ = wish.walk
        first, last = (self.latent(spot, _first(wish)) for spot in (start, end))
        return first + np.float32(index / (steps - 1)) * (last - first)

    def latent(self, spot: Spot, genre: str = "") -> Floats:
        """Return the latent (z,) of a spot; of an empty one, that of a genre's preset or of the first of all."""
        if spot.z:
            return np.frombuffer(spot.z, np.float32)
        if not spot.name and not spot.tap:
            spot = Spot(name=genre or self._first_preset())
        if spot not in self._latents:
            if spot.tap:
                taps = Array.of(np.frombuffer(spot.tap, np.float32).reshape(-1, 3))
                reply = self.ask(Encode(taps=taps, model=self.model))
                assert isinstance(reply, Latents)
                z = reply.latents.numpy("latents")[0]
            else:
                reply = self.ask(Decode(z=spot.name, latents=True, model=self.model))
                assert isinstance(reply, Grooves) and reply.latents is not None
                z = reply.latents.numpy("latents")[0]
            _kept(self._latents, spot, z, 256)
        self._latents.move_to_end(spot)
        return self._latents[spot]

    def _first_preset(self) -> str:
        for model in self._models():
            for name in model.presets:
                return name
        raise EngineError("UNSUPPORTED", "this model has no preset; give one: d1.a = z.random(1)", "a")

    def _grooves(self, request: AnyRequest) -> Floats:
        reply = self.ask(request)
        assert isinstance(reply, Grooves)
        return reply.grooves.numpy("grooves")


def _in_mind(preset: Floats, played: Floats, share: float, seed: int) -> Floats:
    """Return what a drummer has in mind who plays a preset, or follows partly: the one and what it played, by steps.

    The same steps are those of the preset as in the rhythm, see `mixed`. Without it the preset would be forgotten after
    some loops, and a walk would stay where it began.
    """
    if share:
        order = np.random.Generator(np.random.Philox(key=[seed, 1])).permutation(LOOP_STEPS)
        preset = np.where((order < round(share * LOOP_STEPS))[:, None], played[-LOOP_STEPS:], preset)
    return np.tile(preset, (2, 1)).astype(np.float32)


def _silent(wish: Wish) -> bool:
    return bool(wish.tap) and wish.follow >= 1 and not np.frombuffer(wish.tap, np.float32)[::3].any()


def _first(wish: Wish) -> str:
    """Return the heaviest genre of a wish, or ""."""
    named = [pair for pair in wish.genre if pair[0] != "any"]
    return max(named, key=lambda pair: pair[1])[0] if named else ""


def _mapping(pairs: tuple[tuple[str, float], ...]) -> float | dict[str, float]:
    """Return one number for all, or a mapping; where both are set the parts count, and the whole for the rest."""
    if len(pairs) == 1 and not pairs[0][0]:
        return pairs[0][1]
    return {name: number for name, number in pairs if name}


def _kept(memory: OrderedDict[Any, _V], key: Any, value: _V, most: int) -> _V:
    memory[key] = value
    if len(memory) > most:
        memory.popitem(last=False)
    return value


def _patterns(grooves: Floats) -> list[Pattern]:
    """Return the patterns of grooves (n, 32, 27)."""
    found = []
    size = len(VOICES)
    for hvo in grooves:
        step, voice = np.nonzero(hvo[:, :size])
        velocity, offset = hvo[step, size + voice], hvo[step, 2 * size + voice]
        columns = (a.tolist() for a in (step, voice, velocity, offset))
        found.append(Pattern(notes=pack(map(Note, *columns)), steps=len(hvo)))
    return found
