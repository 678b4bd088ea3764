"""A musician's arguments, checked by what a model declares: what its network is asked, and how hits are chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np

from .. import checks
from ..errors import GrooveError, closest
from ..grooves.grid import GROUPS, VOICES, voice_indices
from ..grooves.groove import Groove
from .decoding import Bools
from .manifest import CONTROLS, DeclaredControl, Manifest
from .taps import STEPS, Floats

Genre = str | Mapping[str, float] | None
Density = float | Mapping[str, float] | None
Sampling = Literal["threshold", "bernoulli"]

_FULL = 2 * STEPS  # density 1 as one number: two hits a step
_FREE, _EACH_FREE = (None,) * len(GROUPS), (None,) * len(VOICES)
_GREATEST = 1e9  # weight of a genre


class Conditioning(NamedTuple):
    """What one loop is conditioned on, as the network takes it, and what is kept for the choice of hits."""

    genre: Floats  # (genres + 1,)
    density: Floats  # (6,)
    known: Floats  # (6,)
    absent: tuple[int, ...]  # voices
    counts: tuple[int | None, ...]  # hits of each group
    voices: tuple[int | None, ...]  # hits of each voice that is asked for by itself
    total: int | None
    guidance: float
    extra: tuple[float, ...]  # controls of the model's own, in the manifest's order

    @property
    def counted(self) -> bool:
        """Whether anything is asked for in numbers of hits."""
        return self.total is not None or self.counts != _FREE or self.voices != _EACH_FREE

    @property
    def moves_energy(self) -> bool:
        """Whether groups are absent and nothing else says how much the others play."""
        free = self.total is None and self.voices == _EACH_FREE and all(c in (None, 0) for c in self.counts)
        return bool(self.absent) and free


class HitRules(NamedTuple):
    """How a groove is made of what the network answers."""

    conditioning: Conditioning
    temperature: float
    thresholds: Floats | None  # (9,), or the model's own
    most: Floats | None  # (9,), hits of each voice, or as many as there are steps
    rng: np.random.Generator | None  # of bernoulli sampling
    held: tuple[Groove, Bools] | None  # a groove, and the cells (32, 9) that stay as in it


class ModelArguments:
    """Checks arguments by a manifest, and makes of them what the other parts of a model take.

    Args:
        manifest: of the model.

    Attributes:
        own: controls of the model's own: their names, by the network inputs that they go to.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._genres = manifest.genres
        self._alone = dict(zip((*self._genres, "any"), np.eye(len(self._genres) + 1, dtype=np.float32), strict=True))
        self.own: dict[str, str] = {c.input: name for name, c in manifest.controls.items() if c.input}

    def declared(self, name: str) -> DeclaredControl:
        """Return what the model, or else groovelive, declares of a control."""
        return self._manifest.controls.get(name) or CONTROLS[name]

    def check(self, what: str, value: Any, name: str | None = None) -> float:
        """Return a number that lies in the range of the control `name`, by default the one called `what`.

        Raises:
            GrooveError: it does not.
        """
        return self.declared(name or what).check(what, value)

    # What the network is asked

    def conditioning(
        self,
        genre: Genre = None,
        density: Density = None,
        redirect: str | Iterable[str] = (),
        guidance: float | None = None,
        extra: Mapping[str, float] | None = None,
    ) -> Conditioning:
        """Return what the network is asked of one loop; arguments as for `Model.drum`.

        Raises:
            GrooveError: one is out of range, names what the model lacks, or contradicts another.
        """
        groups = list(GROUPS)
        names = [redirect] if isinstance(redirect, str) else list(redirect)
        absent_groups = sorted({groups.index(checks.name("redirect", name, groups)) for name in names})
        if len(absent_groups) == len(groups):
            raise GrooveError("redirect must leave a group to play; it names all five")
        level, known = np.zeros(6, np.float32), np.zeros(6, np.float32)
        counts: list[int | None] = [None] * len(groups)
        voices: list[int | None] = [None] * len(VOICES)
        total = None
        if isinstance(density, Mapping):
            for part, value in self._densities(density).items():
                hits = round(value * STEPS)
                if part in GROUPS:
                    k = groups.index(part)
                    level[k], known[k], counts[k] = value, 1, hits
                else:
                    voices[VOICES.index(part)] = hits
            _check_shares(counts, voices)
        elif density is not None:
            total = round(self.check("density", density) * _FULL)
            level[5], known[5] = total / STEPS, 1
        for k in absent_groups:
            if counts[k] or any(voices[v] for v in GROUPS[groups[k]]):
                raise GrooveError(f"{groups[k]} cannot be absent (redirect) and have a density too")
            level[k], known[k], counts[k] = 0, 1, 0
        absent = tuple(v for k in absent_groups for v in GROUPS[groups[k]])
        strength = self.declared("guidance").default if guidance is None else guidance
        return Conditioning(
            self.genre(genre), level, known, absent, tuple(counts), tuple(voices), total,
            self.check("guidance", strength), self.extras(extra) if extra or self.own else (),
        )  # fmt: skip

    def along(
        self,
        start: str | None,
        end: str | None,
        steps: int,
        *,
        genre: Genre,
        density: Density,
        redirect: str | Iterable[str],
        guidance: float | None,
        extra: Mapping[str, float] | None,
    ) -> list[Conditioning]:
        """Return what is asked at each step of the way from one genre to another, or all the way of `genre`."""
        first, last = (
            self.conditioning(one if genre is None else genre, density, redirect, guidance, extra)
            for one in (start, end)
        )
        at = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
        return [first._replace(genre=weights) for weights in (1 - at) * first.genre + at * last.genre]

    def genre(self, genre: Genre) -> Floats:
        """Return the weights (genres + 1,) of a genre, of several, or, for None, of "any"."""
        if genre is None:
            return self._alone["any"]
        if isinstance(genre, str) and genre in self._alone:
            return self._alone[genre]
        weights = {genre: 1.0} if isinstance(genre, str) else genre
        if not isinstance(weights, Mapping):
            raise GrooveError(f"genre must be a name or weights over names, not {genre!r}")
        row = np.zeros(len(self._genres) + 1, np.float32)
        for name, weight in weights.items():
            if name not in self._alone:
                hint = closest(str(name), self._genres)
                raise GrooveError(f"there is no genre {name!r}{hint}; there are {', '.join(self._genres)}")
            at = self._genres.index(name) if name != "any" else -1
            row[at] = checks.number(f"the weight of genre {name}", weight, 0, _GREATEST)
        if not row.sum():
            raise GrooveError("the weights of genre must not all be 0")
        return row / row.sum()

    def _densities(self, density: Mapping[str, float]) -> dict[str, float]:
        """Return hits per step by group, and by voice where its group has others."""
        found: dict[str, float] = {}
        for name, value in density.items():
            indices = voice_indices(name)
            groups = [group for group, voices in GROUPS.items() if voices == indices]
            part = groups[0] if groups else VOICES[indices[0]]
            if part in found:
                raise GrooveError(f"density names {part} twice")
            found[part] = self.check(f"density of {part}", value, "density")
        return found

    def extras(self, extra: Mapping[str, float] | None) -> tuple[float, ...]:
        """Return the values of all the controls of the model's own."""
        names = list(self.own.values())
        for name in extra or ():
            if name not in names:
                known = f"; it has {', '.join(names)}" if names else ""
                raise GrooveError(f"this model has no control of its own named {name!r}{closest(name, names)}{known}")
        return tuple(self.check(n, (extra or {}).get(n, self.declared(n).default)) for n in names)

    # How hits are chosen

    def rules(
        self,
        conditioning: Conditioning,
        temperature: float = 1.0,
        sampling: Any = "threshold",
        threshold: float | Mapping[str, float] | None = None,
        max_hits: float | Mapping[str, float] | None = None,
        keep: Groove | None = None,
        locks: Iterable[str | int] = (),
        seed: int = 0,
    ) -> HitRules:
        """Return how hits are chosen; arguments as for `Model.drum`.

        Raises:
            GrooveError: one is out of range, names what there is not, or lacks another.
        """
        drawn = checks.name("sampling", sampling, ("threshold", "bernoulli")) == "bernoulli"
        seed = checks.whole("seed", seed, 0)
        return HitRules(
            conditioning,
            self.check("temperature", temperature),
            self.per_voice("threshold", threshold),
            self.per_voice("max_hits", max_hits),
            np.random.default_rng(seed) if drawn else None,
            held_cells(keep, locks),
        )

    @cached_property
    def untouched(self) -> HitRules:
        """The rules where no control is touched."""
        return self.rules(self.conditioning())

    def per_voice(self, name: Literal["threshold", "max_hits"], value: Any) -> Floats | None:
        """Return one number a voice (9,), or None where none is given."""
        if value is None:
            return None
        if not isinstance(value, Mapping):
            return np.full(len(VOICES), self.check(name, value), np.float32)
        own = self._manifest.thresholds if name == "threshold" else (STEPS,) * len(VOICES)
        row = np.array(own, np.float32)
        for voices, one in value.items():
            row[list(voice_indices(voices))] = self.check(f"{name} of {voices}", one, name)
        return row


def held_cells(keep: Groove | None, locks: str | int | Iterable[str | int]) -> tuple[Groove, Bools] | None:
    """Return a groove and the cells (32, 9) that shall stay as in it, or None where none shall.

    Raises:
        GrooveError: one of the two is missing, or a lock is neither a voice, nor a group, nor a step.
    """
    names = [locks] if isinstance(locks, str | int) else list(locks)
    if not names and keep is None:
        return None
    if keep is None:
        raise GrooveError("locks need keep=, the groove whose voices or steps stay")
    if not names:
        raise GrooveError("keep needs locks=, the voices or steps of it that stay")
    if keep.steps != STEPS:
        raise GrooveError(f"keep must last two bars, not {keep.bars}")
    cells = np.zeros((STEPS, len(VOICES)), bool)
    for lock in names:
        if isinstance(lock, str):
            cells[:, list(voice_indices(lock))] = True
        elif checks.is_whole(lock) and 0 <= lock < STEPS:
            cells[lock] = True
        else:
            raise GrooveError(f"a lock is a voice, a group or a step from 0 to 31, not {lock!r}")
    return keep, cells


def one_each(value: Any, n: int, name: str) -> list[Any]:
    """Return n values of a condition that is one for all, a sequence of n, or a mapping of names to such sequences."""
    if isinstance(value, Mapping) and any(np.ndim(one) for one in value.values()):
        columns = {key: one_each(one, n, f"{name} of {key}") for key, one in value.items()}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if value is None or isinstance(value, str | Mapping | float | int | np.number):
        return [value] * n
    values = list(value)
    if len(values) != n:
        raise GrooveError(f"{name} must be one for all loops or a sequence of {n}, not of {len(values)}")
    return values


def _check_shares(counts: Sequence[int | None], voices: Sequence[int | None]) -> None:
    """Refuse voices that ask for what their group has not."""
    for (group, members), count in zip(GROUPS.items(), counts, strict=True):
        named = {VOICES[v]: hits for v in members if (hits := voices[v]) is not None}
        if count is None or not named:
            continue
        asked = sum(named.values())
        if asked > count or (asked < count and len(named) == len(members)):
            raise GrooveError(f"density asks for {count} hits of {group}, but for {asked} of {', '.join(named)}")
