"""The model as a musician uses it: a tap in, a Groove out, by ONNX Runtime and without a server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from operator import is_
from os import PathLike
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from ..errors import GrooveError, closest
from ..grooves.groove import GROUPS, VOICES, Groove, voice_indices
from . import decoding as sampling
from . import manifest as manifests
from .manifest import CONTROLS, Control, Manifest, PresetRow
from .network import BackendName, Network, open_network
from .paths import between, even_walk
from .taps import (
    STEPS,
    Floats,
    Tap,
    as_array,
    batch_of,
    hardened,
    loops_of,
    one_loop,
)

Genre = str | Mapping[str, float] | None
Density = float | Mapping[str, float] | None
Point = Tap  # of the latent space: a latent (z,), the name of a preset or a genre, or a tap

WEIGHTS = Path(__file__).parent / "weights"
_FULL = 2 * STEPS  # density 1 as one number: two hits a step
_FREE, _EACH_FREE = (None,) * len(GROUPS), (None,) * len(VOICES)


class Preset(NamedTuple):
    """A named point of the latent space, with the genre and the pattern that it was chosen for."""

    name: str
    genre: str
    z: Floats
    groove: Groove


class Prediction(NamedTuple):
    """What the model predicts of each cell, (n, 32, 9) each: from probability .5 on it plays."""

    probabilities: Floats
    velocities: Floats
    offsets: Floats


class _Asked(NamedTuple):
    """Conditions as the network takes them, one row each, and what is kept for the choice of hits."""

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


class _Wanted(NamedTuple):
    """How a groove is to be made of what the network answers."""

    asked: _Asked
    temperature: float
    thresholds: Floats  # (9,)
    most: Floats  # (9,), hits of each voice
    rng: np.random.Generator | None
    held: tuple[Groove, sampling.Bools] | None


class _Answer(NamedTuple):
    """What the network says of n loops: logits, velocities, offsets (n, 32, 9), and the energy to keep, or None."""

    logits: Floats
    velocities: Floats
    offsets: Floats
    energy: list[float | None]


def load(path: str | PathLike[str] | None = None, backend: BackendName | None = None) -> Model:
    """Load a model: the shipped one, or that of a folder with a manifest.

    Args:
        path: of the folder; None is the shipped model.
        backend: "onnx" or "torch", in place of the one that the manifest's files stand for.

    Raises:
        GrooveError: there is no model, or a file of it is damaged.

    >>> model = load()
    >>> model.drum("x..x..x.", genre="funk", seed=7).bars
    2
    """
    return Model(WEIGHTS if path is None else path, backend)


class Model:
    """A groove model: it answers a tap with drums and obeys its controls.

    Args:
        folder: where its `manifest.json` and network files are.
        backend: as for `load`.

    Attributes:
        manifest: what the model declares: controls, ranges, defaults, figures, licence.
        genres: the names of its genres.
        presets: named latents with their patterns, by name.
    """

    def __init__(self, folder: str | PathLike[str], backend: BackendName | None = None) -> None:
        self.folder = Path(folder)
        self._backend = backend
        self.manifest: Manifest = manifests.read(folder)
        self.genres: tuple[str, ...] = self.manifest.genres
        self._alone = dict(zip((*self.genres, "any"), np.eye(len(self.genres) + 1, dtype=np.float32), strict=True))
        self._any = self._alone["any"]
        bias = np.array(self.manifest.bias, np.float32)
        self._bias = np.tile(bias, (STEPS, 1))  # (32, 9): of one shape with the logits it goes faster
        self._odds = np.exp(-bias)
        self._most = np.full(len(VOICES), STEPS, np.float32)
        self._thresholds = np.array(self.manifest.thresholds, np.float32)
        self._extra = {c.input: name for name, c in self.manifest.controls.items() if c.input}
        self._drum = self._open("drum")

    def __repr__(self) -> str:
        m = self.manifest
        return f"Model {m.name} {m.version}: {len(self.genres)} genres, {len(self.presets)} presets, latent {m.latent}"

    # What a musician asks

    def drum(
        self,
        tap: Tap,
        *,
        genre: Genre = None,
        density: Density = None,
        redirect: str | Iterable[str] = (),
        temperature: float = 1.0,
        sampling: Literal["threshold", "bernoulli"] = "threshold",
        threshold: float | Mapping[str, float] | None = None,
        max_hits: int | Mapping[str, int] | None = None,
        follow: float = 1.0,
        preset: Point | None = None,
        guidance: float | None = None,
        keep: Groove | None = None,
        locks: Iterable[str | int] = (),
        seed: int = 0,
        extra: Mapping[str, float] | None = None,
    ) -> Groove:
        """Answer a tap with drums.

        Args:
            tap: what to follow: a Groove (flattened), (32, 3) hit, velocity, offset, or a text in notation.
                A Groove of another length is answered two bars at a time.
            genre: one of `genres`, or weights over them; None leaves the style to the tap.
            density: one number 0..1, of two hits a step (.6 is usual): so many hits exactly; or hits per step,
                0..1, of groups and voices: {"kick": .2, "hats": .5, "ride": .25}. A voice beside its group
                takes its part of the group's hits.
            redirect: groups that must be absent; their energy moves to the others.
            temperature: above 0; how much bernoulli sampling dares, 1 is as the data.
            sampling: "threshold" plays the likely cells, "bernoulli" draws every cell by its probability.
            threshold: probability 0..1 from which a cell plays, of all voices or by voice; in bernoulli sampling
                what is less likely is never drawn, by default all may be.
            max_hits: most hits 0..32 in a loop, of every voice or by voice.
            follow: 1 follows the tap, 0 plays the preset alone; between, it plays the blend of their latents.
            preset: what to play as far as the tap is not followed: a preset's name, a genre's name, a latent,
                or a tap; by default a preset of the genre.
            guidance: 0..8, how strongly the genre is obeyed; by default the manifest's.
            keep: where `locks` take their cells from.
            locks: voices or groups (names) and steps (numbers from 0) that stay as in `keep`.
            seed: of bernoulli sampling. The same arguments give the same groove.
            extra: controls of the model's own, by name; the shipped model has none.

        Returns:
            A Groove as long as the tap: `.hits .velocities .offsets`, each (32, 9) for one loop.

        Raises:
            GrooveError: an argument is out of range, or names what the model lacks.

        >>> groove = load().drum("x..x..x.", genre="funk", density=.5)
        >>> groove.hits.shape, len(groove)
        ((32, 9), 32)
        """
        loops, bars = loops_of(tap)
        controls = (genre, density, redirect, guidance, extra, temperature, sampling, threshold, max_hits, keep, locks)
        if all(map(is_, controls, _UNTOUCHED)):
            wanted = self._untouched  # nothing touched: the most frequent case, and the quickest
            _seed(seed)
        else:
            wanted = self._wanted(
                self._asked(genre, density, redirect, guidance, extra),
                temperature, sampling, threshold, max_hits, keep, locks, seed,
            )  # fmt: skip
        taps = self._heard(loops, follow, preset, genre)
        grooves = [Groove._trusted(*self._finish(t, self._answer(t[None], (wanted.asked,)), 0, wanted)) for t in taps]
        answer = grooves[0] if len(grooves) == 1 else sum(grooves[1:], grooves[0])
        return answer if answer.bars == bars else answer[:bars]

    def predict(
        self,
        taps: ArrayLike | Sequence[Tap],
        genre: Genre | Sequence[Genre] = None,
        density: Density | Sequence[Density] = None,
        *,
        redirect: str | Iterable[str] = (),
        guidance: float | None = None,
    ) -> Prediction:
        """Predict a batch of loops, cell by cell.

        The probabilities already hold the thresholds, the tap's steps, and the densities asked for: `drum`
        plays exactly the cells from .5 on.

        Args:
            taps: (n, 32, 3), or a sequence of taps of two bars.
            genre: as for `drum`, for all loops; or a sequence of n.
            density: likewise; of a mapping the values may be sequences of n too.
            redirect: as for `drum`.
            guidance: as for `drum`.

        Returns:
            Probabilities, velocities 0..1 and offsets -0.5..0.5 of a step, each (n, 32, 9) float32 and dense:
            every cell has its velocity and offset, whether it plays or not.

        >>> import numpy as np
        >>> p, v, o = load().predict(np.zeros((4, 32, 3)), genre="jazz")
        >>> p.shape, float(p.max()) < .5
        ((4, 32, 9), True)
        """
        batch = batch_of(taps)
        n = len(batch)
        genres, densities = _spread(genre, n, "genre"), _spread(density, n, "density")
        memo: dict[str, _Asked] = {}
        asked = []
        for g, d in zip(genres, densities, strict=True):
            key = repr((g, d))
            asked.append(memo.get(key) or memo.setdefault(key, self._asked(g, d, redirect, guidance)))
        answer = self._answer(batch, asked)
        p = sampling.sigmoid(answer.logits - self._bias)
        for i, one in enumerate(asked):
            played = self._hits(p[i], batch[i, :, 0], one, self._thresholds, answer.velocities[i], answer.energy[i])
            p[i] = sampling.settled(p[i], played)
        return Prediction(p, answer.velocities, answer.offsets)

    # The latent space

    def encode(self, tap: Tap) -> Floats:
        """Return the latent (z,) of a tap: a Groove of two bars (flattened), (32, 3), or a text.

        >>> load().encode("x..x..x.").shape
        (64,)
        """
        return self._encode(one_loop(tap))[0][0]

    def decode(self, z: Point, **controls: Any) -> Groove:
        """Return the drums that a latent stands for; controls as for `drum`, but follow and preset.

        Args:
            z: (z,) latent, or the name of a preset, whose genre then counts unless another is given.

        >>> model = load()
        >>> model.decode(model.encode("x..x..x."), genre="rock").bars
        2
        """
        point, genre = self._point(z)
        if genre is not None:
            controls.setdefault("genre", genre)
        for name in ("follow", "preset"):
            if name in controls:
                raise GrooveError(f"decode plays a latent alone; {name} belongs to drum")
        return self.drum(np.zeros((STEPS, 3), np.float32), follow=0.0, preset=point, **controls)

    def random(self, seed: int = 0, **controls: Any) -> Groove:
        """Return a groove from the prior: the drums of a latent drawn from N(0, I); controls as for `decode`."""
        return self.decode(self.random_latent(seed), **{**controls, "seed": controls.get("seed", seed)})

    def random_latent(self, seed: int = 0) -> Floats:
        """Return a latent (z,) drawn from N(0, I), the same for the same seed."""
        return np.random.default_rng(_seed(seed)).standard_normal(self.manifest.latent).astype(np.float32)

    def walk(
        self,
        start: Point,
        end: Point,
        steps: int = 16,
        *,
        path: Literal["linear", "slerp"] = "linear",
        genre: Genre = None,
        density: Density = None,
        redirect: str | Iterable[str] = (),
        guidance: float | None = None,
        extra: Mapping[str, float] | None = None,
    ) -> list[Groove]:
        """Walk from one groove to another in even steps: each changes about as many hits as the next.

        The path leads through the latent space, and through the genres where its ends have them. It is looked at
        closely first, and the steps are laid where the pattern changes; a cell that would flicker on and off on
        the way changes once.

        Args:
            start: a latent, a tap, or the name of a preset or of a genre.
            end: likewise.
            steps: how many grooves, 2..256; the first is that of `start`, the last that of `end`.
            path: "linear", or "slerp" along the sphere, which keeps the typical distance from the middle.
            genre: what counts for the whole walk, in place of the genres of its ends.
            density: as for `drum`.
            redirect: as for `drum`.
            guidance: as for `drum`.
            extra: as for `drum`.

        >>> len(load().walk("x..x..x.", "jazz", steps=8))
        8
        """
        if isinstance(steps, bool) or not isinstance(steps, int) or not 2 <= steps <= 256:
            raise GrooveError(f"steps must be a whole number from 2 to 256, not {steps!r}")
        if path not in ("linear", "slerp"):
            raise GrooveError(f"path must be 'linear' or 'slerp', not {path!r}")
        z, asked = self._way(start, end, max(64, 4 * steps), path, genre, density, redirect, guidance, extra)
        guides = hardened(self._recall(z))
        logits, v, o, energy = self._answer(guides, asked)
        hits = self._hits_of(logits, guides, asked, v, energy)
        return even_walk(np.stack(hits), v, o, steps)[0]

    @cached_property
    def presets(self) -> dict[str, Preset]:
        """Named latents with their genres and patterns, over all genres."""
        path = self.folder / "presets.json"
        try:
            rows = msgspec.json.decode(path.read_bytes(), type=list[PresetRow])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError) as error:
            raise GrooveError(f"{path} is damaged: {error}") from None
        return {
            row.name: Preset(row.name, row.genre, np.array(row.z, np.float32), Groove.from_notes(list(row.notes)))
            for row in rows
        }

    # From arguments to conditions

    def _asked(
        self,
        genre: Genre,
        density: Density,
        redirect: str | Iterable[str],
        guidance: float | None,
        extra: Mapping[str, float] | None = None,
    ) -> _Asked:
        groups = list(GROUPS)
        names = [redirect] if isinstance(redirect, str) else list(redirect)
        absent_groups = sorted({_group(name, "redirect") for name in names})
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
            total = round(self._control("density", density) * _FULL)
            level[5], known[5] = total / STEPS, 1
        for k in absent_groups:
            if counts[k] or any(voices[v] for v in GROUPS[groups[k]]):
                raise GrooveError(f"{groups[k]} cannot be absent (redirect) and have a density too")
            level[k], known[k], counts[k] = 0, 1, 0
        absent = tuple(v for k in absent_groups for v in GROUPS[groups[k]])
        strength = self._declared("guidance").default if guidance is None else guidance
        return _Asked(
            self._genre(genre), level, known, absent, tuple(counts), tuple(voices), total,
            self._control("guidance", strength), self._extras(extra) if extra or self._extra else (),
        )  # fmt: skip

    def _densities(self, density: Mapping[str, float]) -> dict[str, float]:
        """Return hits per step by group, and by voice where its group has others."""
        found: dict[str, float] = {}
        for name, value in density.items():
            indices = voice_indices(name)
            groups = [group for group, voices in GROUPS.items() if voices == indices]
            part = groups[0] if groups else VOICES[indices[0]]
            if part in found:
                raise GrooveError(f"density names {part} twice")
            found[part] = self._control(f"density of {part}", value, "density")
        return found

    def _extras(self, extra: Mapping[str, float] | None) -> tuple[float, ...]:
        names = list(self._extra.values())
        for name in extra or ():
            if name not in names:
                known = f"; it has {', '.join(names)}" if names else ""
                raise GrooveError(f"this model has no control of its own named {name!r}{closest(name, names)}{known}")
        return tuple(self._control(n, (extra or {}).get(n, self._declared(n).default)) for n in names)

    def _wanted(
        self,
        asked: _Asked,
        temperature: float,
        sampling: str,
        threshold: float | Mapping[str, float] | None,
        max_hits: int | Mapping[str, int] | None,
        keep: Groove | None,
        locks: Iterable[str | int],
        seed: int,
    ) -> _Wanted:
        if sampling not in ("threshold", "bernoulli"):
            raise GrooveError(f"sampling must be 'threshold' or 'bernoulli', not {sampling!r}")
        seed = _seed(seed)
        rng = None if sampling == "threshold" else np.random.default_rng(seed)
        return _Wanted(
            asked,
            self._control("temperature", temperature),
            self._per_voice("threshold", threshold),
            self._per_voice("max_hits", max_hits),
            rng,
            _held(keep, locks),
        )

    @cached_property
    def _untouched(self) -> _Wanted:
        """What is asked where no control is touched."""
        return self._wanted(self._asked(None, None, (), None), 1.0, "threshold", None, None, None, (), 0)

    def _heard(self, loops: list[Floats], follow: float, preset: Point | None, genre: Genre) -> Sequence[Floats]:
        """Return the taps that are played: those given, or where they count only in part, a blend."""
        follow = self._control("follow", follow)
        if follow < 1:
            return list(self._blend(loops, follow, preset, genre))
        if preset is not None:
            raise GrooveError("a preset is heard only where follow is below 1; pass follow=0 to play it alone")
        return loops

    def _declared(self, name: str) -> Control:
        return self.manifest.controls.get(name) or CONTROLS[name]

    def _genre(self, genre: Genre) -> Floats:
        if genre is None:
            return self._any
        if isinstance(genre, str) and genre in self._alone:
            return self._alone[genre]
        weights = {genre: 1.0} if isinstance(genre, str) else genre
        if not isinstance(weights, Mapping):
            raise GrooveError(f"genre must be a name or weights over names, not {genre!r}")
        row = np.zeros(len(self.genres) + 1, np.float32)
        for name, weight in weights.items():
            if name not in (*self.genres, "any"):
                hint = closest(str(name), self.genres)
                raise GrooveError(f"there is no genre {name!r}{hint}; there are {', '.join(self.genres)}")
            number = float(weight) if isinstance(weight, int | float | np.number) else float("nan")
            if not 0 <= number < float("inf"):
                raise GrooveError(f"the weight of genre {name} must be a number from 0 up, not {weight!r}")
            row[self.genres.index(name) if name != "any" else -1] = number
        if not row.sum():
            raise GrooveError("the weights of genre must not all be 0")
        return row / row.sum()

    def _control(self, what: str, value: Any, name: str | None = None) -> float:
        return self._declared(name or what).check(what, value)

    def _per_voice(self, name: Literal["threshold", "max_hits"], value: Any) -> Floats:
        default = self._thresholds if name == "threshold" else self._most
        if value is None:
            return default
        if not isinstance(value, Mapping):
            return np.full(len(VOICES), self._control(name, value), np.float32)
        row = default.copy()
        for voices, one in value.items():
            row[list(voice_indices(voices))] = self._control(f"{name} of {voices}", one, name)
        return row

    def _home(self, genre: str | None) -> Preset:
        """Return the first preset of a genre, or of all."""
        for preset in self.presets.values():
            if genre is None or preset.genre == genre:
                return preset
        raise GrooveError(f"this model has no preset{f' of {genre}' if genre else ''}; name a latent or a tap")

    def _point(self, point: Point) -> tuple[Floats | None, str | None]:
        """Return the latent and the genre of a point; the latent is None where only a genre is named."""
        if isinstance(point, str):
            if point in self.presets:
                return self.presets[point].z, self.presets[point].genre
            if point in self.genres:
                return None, point
            try:
                return self.encode(point), None
            except GrooveError as error:
                hint = closest(point, [*self.presets, *self.genres])
                if not point.replace(" ", "").replace("-", "").isalpha():
                    raise
                reason = getattr(error, "reason", error)
                raise GrooveError(f"{point!r} is no preset, no genre{hint} and no rhythm: {reason}") from None
        if not isinstance(point, Groove):
            array = as_array(point, "a latent")
            if array.shape == (self.manifest.latent,):
                return array, None
            if array.ndim != 2:
                raise GrooveError(f"a latent has the shape ({self.manifest.latent},), a tap (32, 3); not {array.shape}")
        return self.encode(point), None

    def _blend(self, loops: list[Floats], follow: float, preset: Point | None, genre: Genre) -> Floats:
        """Return the taps (n, 32, 3) to play where the tap counts only in part."""
        if preset is None:
            first = max(genre, key=lambda g: genre[g]) if isinstance(genre, Mapping) and genre else genre
            home = self._home(first if isinstance(first, str) and first != "any" else None).z
        else:
            point, of_genre = self._point(preset)
            home = self._home(of_genre).z if point is None else point
        taps = np.stack(loops)
        z = home[None].repeat(len(taps), 0)
        if follow:
            z = (1 - np.float32(follow)) * z + np.float32(follow) * self._encode(taps)[0]
        own = self._recall(z)
        if follow:
            heard = taps[..., :1] > 0  # where only one of the two hits, its feel counts
            feel = np.where(heard, own + np.float32(follow) * (taps - own), own)
            feel[..., 0] = own[..., 0] + np.float32(follow) * (taps[..., 0] - own[..., 0])
            own = feel
        return hardened(own)

    def _way(
        self,
        start: Point,
        end: Point,
        fine: int,
        path: str,
        genre: Genre,
        density: Density,
        redirect: str | Iterable[str],
        guidance: float | None,
        extra: Mapping[str, float] | None,
    ) -> tuple[Floats, list[_Asked]]:
        """Return `fine` latents from start to end, (fine, z), and what is asked at each."""
        (a, genre_a), (b, genre_b) = self._point(start), self._point(end)
        a, b = (a if a is not None else b), (b if b is not None else a)
        if a is None or b is None:  # from genre to genre: by their presets
            a, b = self._home(genre_a).z, self._home(genre_b).z
        first, last = (
            self._asked(g if genre is None else genre, density, redirect, guidance, extra) for g in (genre_a, genre_b)
        )
        at = np.linspace(0, 1, fine, dtype=np.float32)[:, None]
        weights = (1 - at) * first.genre + at * last.genre
        return between(a, b, at, path), [first._replace(genre=w) for w in weights]

    def _hits_of(
        self, logits: Floats, taps: Floats, asked: Sequence[_Asked], v: Floats, energy: Sequence[float | None]
    ) -> list[sampling.Bools]:
        """Return the cells (32, 9) of each loop that play by the model's own thresholds."""
        p = sampling.sigmoid(logits - self._bias)
        on = taps[..., 0]
        return [self._hits(p[i], on[i], a, self._thresholds, v[i], energy[i]) for i, a in enumerate(asked)]

    # The network

    def _open(self, role: str) -> Network:
        if role not in self.manifest.files:
            raise GrooveError(f"the model {self.manifest.name} has no latent space: it has no {role!r} network")
        return open_network(self.folder, self.manifest.files[role], role, self._backend)

    @cached_property
    def _encoder(self) -> Network:
        return self._open("encode")

    @cached_property
    def _recaller(self) -> Network:
        return self._open("recall")

    @cached_property
    def _hearing(self) -> Network | None:
        """The network that tells what genres a tap sounds like, where the model has one."""
        return self._open("hear") if "hear" in self.manifest.files else None

    def _encode(self, taps: Floats) -> tuple[Floats, Floats]:
        mean, log_variance = self._encoder({"tap": taps})
        return mean, log_variance

    def _recall(self, z: Floats) -> Floats:
        """Return the taps (n, 32, 3) that latents stand for, their hits as probabilities."""
        return self._recaller({"z": np.ascontiguousarray(z, np.float32)})[0]

    def _network(self, taps: Floats, asked: Sequence[_Asked]) -> tuple[Floats, Floats, Floats]:
        """Return logits, velocities and offsets (n, 32, 9); genres are guided, and absent voices ruled out."""
        n = len(asked)
        columns = zip(*(a[:3] for a in asked), strict=True)
        genre, density, known = [a[0][None] for a in columns] if n == 1 else [np.stack(a) for a in columns]
        guided = [i for i, a in enumerate(asked) if a.guidance != 1 and a.genre[-1] < 1]
        if guided:
            again = slice(n) if len(guided) == n else guided
            taps = np.concatenate([taps, taps[again]])
            genre = np.concatenate([genre, self._any[None].repeat(len(guided), 0)])
            density, known = np.concatenate([density, density[again]]), np.concatenate([known, known[again]])
        feeds = {"tap": taps, "genre": genre, "density": density, "known": known}
        for k, name in enumerate(self._extra):
            column = np.array([[a.extra[k]] for a in asked], np.float32)
            feeds[name] = np.concatenate([column, column[guided]]) if guided else column
        logits, v, o = self._drum(feeds)
        if guided:
            self._guide(taps[:n], [(i, asked[i]) for i in guided], logits, v)
            logits, v, o = logits[:n], v[:n], o[:n]
        for i, a in enumerate(asked):
            if a.absent:
                logits[i][:, list(a.absent)] = -np.inf
        return logits, v, o

    def _guide(self, taps: Floats, asked: Sequence[tuple[int, _Asked]], logits: Floats, v: Floats) -> None:
        """Press the genres asked for, in place; rows from len(taps) on hold the answers without a genre.

        Hits and velocities move on from the answer without the genre, through that with it (classifier-free
        guidance; Ho and Salimans 2022), the less the more the tap sounds like the genre anyway: what it says
        already must not be exaggerated. The expected number of hits stays as the genre has it.
        """
        n = len(taps)
        rows = slice(n) if len(asked) == n else [i for i, _ in asked]
        strength = np.array([a.guidance for _, a in asked], np.float32)
        if self._hearing is not None:
            weights = np.stack([a.genre[:-1] / (1 - a.genre[-1]) for _, a in asked])
            familiar = (self._hearing({"tap": taps[rows]})[0] * weights).sum(1)
            strength = 1 + (strength - 1) * (1 - familiar) ** 4
        step = (strength - 1)[:, None, None]
        own = logits[rows]
        kept = sampling.sigmoid(own - self._bias).sum((1, 2), keepdims=True)
        pressed = own + step * (own - logits[n:])
        for _ in range(3):  # Newton's method on one shift a loop
            p = sampling.sigmoid(pressed - self._bias)
            slope = (p * (1 - p)).sum((1, 2), keepdims=True)
            shift = (kept - p.sum((1, 2), keepdims=True)) / np.maximum(slope, 1e-3)
            pressed += np.minimum(np.maximum(shift, -1), 1)
        logits[rows] = pressed
        louder = v[rows] + step * (v[rows] - v[n:])
        v[rows] = np.minimum(np.maximum(louder, 0), 1)

    def _answer(self, taps: Floats, asked: Sequence[_Asked]) -> _Answer:
        """Ask the network, and once more without `redirect` where the energy of a loop has to be kept."""
        n, moved = len(asked), [i for i, a in enumerate(asked) if a.absent and a.moves_energy]
        if not moved:
            return _Answer(*self._network(taps, asked), [None] * n)
        whole = [asked[i]._replace(known=np.zeros(6, np.float32), absent=()) for i in moved]
        taps = np.concatenate([taps, taps[moved]])
        logits, v, o = self._network(taps, [*asked, *whole])
        energy: list[float | None] = [None] * n
        for row, i in enumerate(moved, n):
            p = sampling.sigmoid(logits[row] - self._bias)
            hits = self._choose(p, taps[row][:, 0], self._thresholds)
            energy[i] = float(v[row][hits].sum())
        return _Answer(logits[:n], v[:n], o[:n], energy)

    def _choose(self, p: Floats, on: Floats, thresholds: Floats) -> sampling.Bools:
        # Thresholds of the performer's own decide how much is played, so nothing else may.
        centring = self.manifest.centring if thresholds is self._thresholds else 0.0
        return sampling.choose(p, on, thresholds, self.manifest.rare, centring, self._odds)

    def _hits(
        self, p: Floats, on: Floats, asked: _Asked, thresholds: Floats, v: Floats, energy: float | None
    ) -> sampling.Bools:
        """Return the cells (32, 9) that play by threshold, by the densities asked for, or by the energy to keep."""
        if energy is not None:
            return sampling.fit_energy(p, v, on, energy)
        hits = self._choose(p, on, thresholds)
        return sampling.fit_density(p, hits, asked.counts, asked.voices, asked.total) if asked.counted else hits

    def _finish(self, tap: Floats, answer: _Answer, row: int, wanted: _Wanted) -> tuple[Floats, Floats, Floats]:
        """Make hits, velocities and offsets (32, 9) of one row of the network's answer to a tap."""
        asked, temperature, thresholds, most, rng, held = wanted
        logits, v, o = answer.logits[row], answer.velocities[row], answer.offsets[row]
        shifted = logits - self._bias
        if temperature != 1:
            shifted /= np.float32(temperature)
        p = sampling.sigmoid(shifted)
        on = tap[:, 0]
        if rng is None:
            hits = self._hits(p, on, asked, thresholds, v, answer.energy[row])
        else:
            drawn = sampling.drawn(logits / np.float32(temperature), rng)
            hits = (drawn >= 0.5) & ((p >= thresholds) | (thresholds == self._thresholds))
            energy = answer.energy[row]
            if energy is not None:
                hits = sampling.fit_energy(drawn, v, on, energy)
            elif asked.counted:
                hits = sampling.fit_density(drawn, hits, asked.counts, asked.voices, asked.total)
        if most is not self._most and (most < STEPS).any():
            for voice in np.flatnonzero(hits.sum(0) > most):
                hits[:, voice] = sampling.top(p[:, voice] * hits[:, voice], int(most[voice]))
        if held is not None:
            kept, cells = held
            played = hits & ~cells
            return (
                np.where(cells, kept.hits, played).astype(np.float32),
                np.where(cells, kept.velocities, v * played),
                np.where(cells, kept.offsets, o * played),
            )
        mask = hits.astype(np.float32)
        return mask, v * mask, o * mask


_TOUCHED = "genre density redirect guidance extra temperature sampling threshold max_hits keep locks"
_UNTOUCHED = tuple((Model.drum.__kwdefaults__ or {})[name] for name in _TOUCHED.split())

# Checks


def _spread(value: Any, n: int, name: str) -> list[Any]:
    """Return n values of a condition that is one for all, a sequence of n, or a mapping of names to such sequences."""
    if isinstance(value, Mapping) and any(np.ndim(one) for one in value.values()):
        columns = {key: _spread(one, n, f"{name} of {key}") for key, one in value.items()}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if value is None or isinstance(value, str | Mapping | float | int | np.number):
        return [value] * n
    values = list(value)
    if len(values) != n:
        raise GrooveError(f"{name} must be one for all loops or a sequence of {n}, not of {len(values)}")
    return values


def _group(name: str, what: str) -> int:
    if name not in GROUPS:
        raise GrooveError(f"{what} takes groups: {', '.join(GROUPS)}; not {name!r}{closest(str(name), GROUPS)}")
    return list(GROUPS).index(name)


def _check_shares(counts: Sequence[int | None], voices: Sequence[int | None]) -> None:
    """Refuse voices that ask for what their group has not."""
    for (group, members), count in zip(GROUPS.items(), counts, strict=True):
        named = {VOICES[v]: hits for v in members if (hits := voices[v]) is not None}
        if count is None or not named:
            continue
        asked = sum(named.values())
        if asked > count or (asked < count and len(named) == len(members)):
            raise GrooveError(f"density asks for {count} hits of {group}, but for {asked} of {', '.join(named)}")


def _seed(seed: Any) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise GrooveError(f"seed must be a whole number from 0 up, not {seed!r}")
    return int(seed)


def _held(keep: Groove | None, locks: Iterable[str | int]) -> tuple[Groove, sampling.Bools] | None:
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
        elif isinstance(lock, int | np.integer) and 0 <= lock < STEPS:
            cells[lock] = True
        else:
            raise GrooveError(f"a lock is a voice, a group or a step from 0 to 31, not {lock!r}")
    return keep, cells
