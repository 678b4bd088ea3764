"""A musician's settings for the player, and the bars that come of them: a loop, loops in a row, any number of bars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np

from .. import checks
from ..errors import GrooveError, closest
from ..grooves.grid import GROUPS, STEPS_PER_BAR, VOICES, voice_indices
from ..grooves.intensity import with_intensity
from ..grooves.phrasing import PHRASE, is_fill, place
from .arguments import Density, Genre
from .manifest import DeclaredControl
from .player.conditions import GENRES, INSTRUMENTS
from .player.player import DrumPlayer, PlayedBars
from .player.request import MAX_CONTEXT, TEMPERATURE, Locks, PlayRequest
from .player.usual import told_density
from .taps import Floats

_V = len(VOICES)
_LOOP, _WITHIN = 2, 4  # bars of a loop; bars from the beginning of a phrase to where it is from
_VARIATION = 0.1  # of the temperature, from the usual variation to twice as much, or to none


PLAYER_CONTROLS: Mapping[str, DeclaredControl] = {
    "instrument": DeclaredControl("who plays the tap; left out, as far as the tap tells", choices=INSTRUMENTS),
    "genre": DeclaredControl(
        "style of the answer: a name, or weights over names", choices=(*GENRES, "any"), per="genre"
    ),
    "density": DeclaredControl(
        "how much is played: 0..1 of two hits a step; of a group or voice, its hits a step", 0, 1, per="voice"
    ),
    "redirect": DeclaredControl(
        "groups that must be absent; the others carry the rhythm", choices=(*GROUPS,), per="group"
    ),
    "adherence": DeclaredControl("how much of the tap the drums answer; left out, what suits who plays it", 0, 1),
    "temperature": DeclaredControl("1 is as drummers play, below safer, above wilder", 0, 10, 1.0),
    "variation": DeclaredControl("how far each loop strays from the one before", 0, 2, 1.0),
    "complexity": DeclaredControl("from the bare beat to much between the beats", 0, 1, 0.5),
    "intensity": DeclaredControl("from soft with few cymbals to hard with many", 0, 1, 0.5),
    "tempo": DeclaredControl("beats a minute; left out, it is open", 20, 400),
    "phrase": DeclaredControl("bars of a phrase", 1, 64, PHRASE),
    "sampling": DeclaredControl("how hits are drawn", default="bernoulli", choices=("threshold", "bernoulli")),
    "threshold": DeclaredControl("probability from which a hit is played", 0, 1, per="voice"),
    "max_hits": DeclaredControl("most hits of a voice in a loop", 0, 32, 32, per="voice"),
    "top_k": DeclaredControl("how many sets of hits are in question at a step, 0 for all", 0, 512, 0),
    "hands": DeclaredControl("1: only what two hands and two feet can play", 0, 1, 1),
    "seed": DeclaredControl("of all chances", 0, 2**63 - 1, 0),
}
"""What a client may ask of every player, as a manifest declares controls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Playing:
    """How a drummer shall play. Everything may stay as it is.

    Args:
        instrument: who plays the rhythm that it answers.
        genre: a name, or weights over names; None leaves the style to the rhythm and to what was played.
        density: how much is played: 0..1 of two hits a step; or hits a step by group and voice. 0 silences.
        redirect: groups that are not played, so that the others carry the rhythm.
        adherence: how much of the rhythm the drums answer, 0..1; None is what suits who plays it.
        temperature: of the hits; 1 is as drummers play, below safer, above wilder.
        variation: how far one loop strays from the next: 0 hardly, 1 as drummers do, 2 far.
        complexity: 0..1: from the bare beat to much between the beats; .5 is usual.
        intensity: 0..1: from soft with few cymbals to hard with many; .5 is usual.
        tempo: beats a minute; what hands can do depends on it.
        fills: 0 never fills, 1 as drummers do, more fills more.
        phrase: bars of a phrase, at whose end most fills are.
        top_k: how many sets of hits are in question at a step; 0 for all.
        hands: whether only what two hands and two feet can play is played.
        seed: another seed, another drummer.
        drummer: its name, which draws its chances apart from other drummers'. Where it is empty the rhythm does.

    Raises:
        GrooveError: one of them is out of range, or names what there is not.
    """

    instrument: str = "any"
    genre: Genre = None
    density: Density = None
    redirect: tuple[str, ...] = ()
    adherence: float | None = None
    temperature: float = 1.0
    variation: float = 1.0
    complexity: float = 0.5
    intensity: float = 0.5
    tempo: float | None = None
    fills: float = 1.0
    phrase: int = PHRASE
    top_k: int = 0
    hands: bool = True
    seed: int = 0
    drummer: str = ""
    _silent: tuple[int, ...] = field(init=False, repr=False)
    _told: Mapping[str, float] = field(init=False, repr=False)
    _genres: Mapping[str, float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        checks.name("instrument", self.instrument, INSTRUMENTS)
        for name in self.redirect:
            checks.name("redirect", name, GROUPS)
        if len(set(self.redirect)) == len(GROUPS):
            raise GrooveError("redirect must leave a group to play; it names all five")
        put = object.__setattr__
        if self.adherence is not None:
            put(self, "adherence", checks.number("adherence", self.adherence, 0, 1))
        put(self, "temperature", checks.number("temperature", self.temperature, 0, 10))
        put(self, "variation", checks.number("variation", self.variation, 0, 2))
        put(self, "complexity", checks.number("complexity", self.complexity, 0, 1))
        put(self, "intensity", checks.number("intensity", self.intensity, 0, 1))
        put(self, "fills", checks.number("fills", self.fills, 0, 10))
        put(self, "phrase", checks.whole("phrase", self.phrase, 1, 64))
        put(self, "seed", checks.whole("seed", self.seed, 0))
        if self.tempo is not None:
            put(self, "tempo", checks.number("tempo", self.tempo, 20, 400, "beats a minute"))
        put(self, "_genres", genre_weights(self.genre))
        density = self.density
        if isinstance(density, Mapping):
            density = _by_part(density)
        elif density is not None:
            density = checks.number("density", density, 0, 1)
        told, silent = told_density(self._genres, density, self.redirect, self.complexity, self.intensity)
        put(self, "_told", told)
        put(self, "_silent", silent)

    def request(
        self,
        bars: int,
        rhythm: Floats | None = None,
        *,
        context: Floats | None = None,
        bar: int = 0,
        fill: Sequence[bool | None] | None = None,
        locks: Locks | None = None,
        fresh: bool = False,
        genre_before: Genre = None,
    ) -> PlayRequest:
        """Return what the player is asked for some bars.

        Args:
            bars: how many.
            rhythm: (steps, 3) hit, velocity, offset that it plays to; it goes round where it is shorter.
            context: (steps, 27) whole bars that were played before.
            bar: the number of the first of the bars, from 0: of a phrase, and of the chances.
            fill: for each bar whether it is a fill, and for the one after them; by default the player decides;
                one or two bars with nothing before them are a loop, from within a phrase and without a fill.
            locks: cells that must be as they are told.
            fresh: whether the rhythm is new, so that what was played before was played to none.
            genre_before: that of the context, where it was another.
        """
        where = place(bar, 0, self.phrase)
        if context is None and fill is None and bars <= _LOOP:
            fill, where = [False] * (bars + 1), _WITHIN
        return PlayRequest(
            bars=bars,
            context=context,
            rhythm=rhythm,
            rhythm_before=np.zeros((0, 3), np.float32) if fresh and rhythm is not None else None,
            genre_before=genre_weights(genre_before) or None,
            instrument=self.instrument,
            genre=dict(self._genres) or None,
            density=self._told,
            adherence=self.adherence,
            fill=None if fill is None else list(fill[:bars]),
            fill_next=fill[bars] if fill is not None and len(fill) > bars else None,
            place=where,
            tempo=self.tempo,
            locks=_silenced(locks, self._silent, bars),
            temperature=self.drawn_temperature,
            top_k=checks.whole("top_k", self.top_k, 0, 512),
            seed=self.seed,
            drummer=crc32(self.drummer.encode() or (b"" if rhythm is None else rhythm.tobytes())),
            bar=bar,
            hands=self.hands,
        )

    @property
    def genres(self) -> Mapping[str, float]:
        """The weights of the genres by name; empty where none is told."""
        return self._genres

    @property
    def drawn_temperature(self) -> float:
        """The temperature of the hits, with what variation and complexity do to it."""
        lean = _VARIATION * (self.variation - 1) + 0.08 * (self.complexity - 0.5)
        return max(self.temperature * (TEMPERATURE + lean), 0.0)

    def drawn_fills(self, first: int, bars: int) -> list[bool | None]:
        """Return for each of some bars, and the one after them, whether a drummer fills it."""
        amount = self.fills * 2 * self.complexity
        return [is_fill(self.seed, self.drummer, b, amount, 0, self.phrase) for b in range(first, first + bars + 1)]

    def shaped(self, played: PlayedBars, locks: Locks | None = None) -> Floats:
        """Return bars (steps, 27) as they are to be heard: harder or softer by intensity, but for locked cells."""
        rows = played.rows.copy()
        heard = with_intensity(rows[:, _V : 2 * _V], self.intensity)
        rows[:, _V : 2 * _V] = heard if locks is None else np.where(locks.known > 0, rows[:, _V : 2 * _V], heard)
        return rows


def genre_weights(genre: Genre) -> dict[str, float]:
    """Return the weights of genres by name; empty where none is told.

    Raises:
        GrooveError: one is unknown, or all weigh nothing.

    >>> genre_weights("funk"), genre_weights(None), genre_weights("any")
    ({'funk': 1.0}, {}, {})
    """
    if genre is None or genre == "any":
        return {}
    weights = {genre: 1.0} if isinstance(genre, str) else genre
    if not isinstance(weights, Mapping):
        raise GrooveError(f"genre must be a name or weights over names, not {genre!r}")
    found: dict[str, float] = {}
    for name, weight in weights.items():
        if name not in GENRES and name != "any":
            raise GrooveError(f"there is no genre {name!r}{closest(str(name), GENRES)}; there are {', '.join(GENRES)}")
        found[name] = checks.number(f"the weight of genre {name}", weight, 0, 1e9)
    if not sum(found.values()):
        raise GrooveError("the weights of genre must not all be 0")
    known = {name: weight for name, weight in found.items() if name != "any" and weight}
    return known if sum(known.values()) >= found.get("any", 0.0) else {}


def loops(
    player: DrumPlayer,
    playing: Playing,
    rhythm: Floats | None,
    n: int,
    *,
    bars: int = 2,
    context: Floats | None = None,
    first_bar: int = 0,
) -> list[Floats]:
    """Return `n` loops in a row, (bars * 16, 27) each, as a session plays them: each goes on from the ones before.

    Args:
        player: who plays.
        playing: how.
        rhythm: (steps, 3) that it plays to, or None.
        n: how many loops.
        bars: of a loop.
        context: (steps, 27) what was played before.
        first_bar: the number of the first bar.
    """
    played = np.zeros((0, 3 * _V), np.float32) if context is None else context
    heard: list[Floats] = []
    for loop in range(n):
        bar = first_bar + loop * bars
        before = played[-MAX_CONTEXT * STEPS_PER_BAR :]
        request = playing.request(
            bars, rhythm, context=before if len(before) else None, bar=bar, fill=playing.drawn_fills(bar, bars)
        )
        answer = player.play(request)
        played = np.concatenate([before, answer.rows])
        heard.append(playing.shaped(answer))
    return heard


def merged(first: Locks | None, second: Locks | None) -> Locks | None:
    """Return both locks; where both say something, the first wins."""
    if first is None or second is None:
        return first or second
    known = np.maximum(first.known > 0, second.known > 0)
    by_first = np.tile(first.known > 0, 3)
    return Locks(known.astype(np.float32), np.where(by_first, first.played, second.played).astype(np.float32))


def _silenced(locks: Locks | None, silent: Iterable[int], bars: int) -> Locks | None:
    """Return locks with whole voices silent too."""
    voices = list(silent)
    if not voices:
        return locks
    known = np.zeros((bars * STEPS_PER_BAR, _V), np.float32)
    known[:, voices] = 1
    return merged(locks, Locks(known, np.zeros((bars * STEPS_PER_BAR, 3 * _V), np.float32)))


def _by_part(density: Mapping[str, float]) -> dict[str, float]:
    """Return densities by the names of groups and voices, once each."""
    found: dict[str, float] = {}
    for name, value in density.items():
        indices = voice_indices(name)
        groups = [group for group, voices in GROUPS.items() if voices == indices]
        part = groups[0] if groups else VOICES[indices[0]]
        if part in found:
            raise GrooveError(f"density names {part} twice")
        found[part] = checks.number(f"density of {part}", value, 0, 1)
    return found
