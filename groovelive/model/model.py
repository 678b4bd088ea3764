"""The model as a musician uses it: a tap in, a Groove out, by ONNX Runtime and without a server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from operator import is_
from os import PathLike
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..errors import GrooveError
from ..grooves.groove import Groove
from . import decoding, manifest
from .arguments import Conditioning, Density, Genre, HitRules, ModelArguments, Sampling, one_each
from .backends import open_network
from .decoder import Decoder
from .guidance import GuidedNetwork
from .latents import LatentSpace, Point, Preset
from .manifest import Manifest
from .network import BackendName, Network
from .paths import even_walk
from .taps import STEPS, Floats, Tap, batch_of, hardened, loops_of

WEIGHTS = Path(__file__).parent / "weights"


class Prediction(NamedTuple):
    """What the model predicts of each cell, (n, 32, 9) each: from probability .5 on it plays."""

    probabilities: Floats
    velocities: Floats
    offsets: Floats


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
        arguments: checks what is asked of it. This and the next three are its parts, which a server uses one by one.
        network: the network that answers taps, with its conditions.
        decoder: chooses what is played.
        latents: its latent space.
    """

    def __init__(self, folder: str | PathLike[str], backend: BackendName | None = None) -> None:
        self.folder = Path(folder)
        self.manifest: Manifest = manifest.read(folder)
        self.genres: tuple[str, ...] = self.manifest.genres
        opened = partial(_open, self.folder, self.manifest, backend)
        self.arguments = ModelArguments(self.manifest)
        self.decoder = Decoder(self.manifest)
        self.latents = LatentSpace(self.folder, self.manifest, opened)
        self.network = GuidedNetwork(self.manifest, opened, self.decoder, tuple(self.arguments.own))

    def __repr__(self) -> str:
        m = self.manifest
        return f"Model {m.name} {m.version}: {len(self.genres)} genres, {len(self.presets)} presets, latent {m.latent}"

    @property
    def presets(self) -> dict[str, Preset]:
        """Named latents with their genres and patterns, over all genres."""
        return self.latents.presets

    # Drums

    def drum(
        self,
        tap: Tap,
        *,
        genre: Genre = None,
        density: Density = None,
        redirect: str | Iterable[str] = (),
        temperature: float = 1.0,
        sampling: Sampling = "threshold",
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
            rules = self.arguments.untouched  # the most frequent case, and the quickest
            checks.whole("seed", seed, 0)
        else:
            asked = self.arguments.conditioning(genre, density, redirect, guidance, extra)
            rules = self.arguments.rules(asked, temperature, sampling, threshold, max_hits, keep, locks, seed)
        follow = self.arguments.check("follow", follow)
        grooves = [self._played(one, rules) for one in self.latents.followed(loops, follow, preset, genre)]
        answer = grooves[0] if len(grooves) == 1 else sum(grooves[1:], grooves[0])
        return answer if answer.bars == bars else answer[:bars]

    def _played(self, tap: Floats, rules: HitRules) -> Groove:
        """Return the answer to a tap (32, 3)."""
        answer = self.network.answer(tap[None], (rules.conditioning,))
        logits, velocities, offsets = answer.logits[0], answer.velocities[0], answer.offsets[0]
        return Groove._trusted(*self.decoder.finish(tap, logits, velocities, offsets, answer.energy[0], rules))

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
        memo: dict[str, Conditioning] = {}
        asked = []
        for g, d in zip(one_each(genre, n, "genre"), one_each(density, n, "density"), strict=True):
            key = repr((g, d))
            if key not in memo:
                memo[key] = self.arguments.conditioning(g, d, redirect, guidance)
            asked.append(memo[key])
        logits, v, o, energy = self.network.answer(batch, asked)
        hits = self.decoder.hits_of(logits, batch, asked, v, energy)
        p = self.decoder.probabilities(logits)
        return Prediction(decoding.settled(p, np.stack(hits)), v, o)

    # The latent space

    def encode(self, tap: Tap) -> Floats:
        """Return the latent (z,) of a tap: a Groove of two bars (flattened), (32, 3), or a text.

        >>> load().encode("x..x..x.").shape
        (64,)
        """
        return self.latents.latent(tap)

    def decode(self, z: Point, **controls: Any) -> Groove:
        """Return the drums that a latent stands for; controls as for `drum`, but follow and preset.

        Args:
            z: (z,) latent, or the name of a preset, whose genre then counts unless another is given.

        >>> model = load()
        >>> model.decode(model.encode("x..x..x."), genre="rock").bars
        2
        """
        point, genre = self.latents.point(z)
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
        return self.latents.random(seed)

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
        steps = checks.whole("steps", steps, 2, 256)
        checks.name("path", path, ("linear", "slerp"))
        fine = max(64, 4 * steps)
        z, first, last = self.latents.way(start, end, fine, path)
        asked = self.arguments.along(
            first, last, fine, genre=genre, density=density, redirect=redirect, guidance=guidance, extra=extra
        )
        taps = hardened(self.latents.recall(z))
        logits, v, o, energy = self.network.answer(taps, asked)
        hits = self.decoder.hits_of(logits, taps, asked, v, energy)
        return even_walk(np.stack(hits), v, o, steps)[0]


_TOUCHED = "genre density redirect guidance extra temperature sampling threshold max_hits keep locks"
_UNTOUCHED = tuple((Model.drum.__kwdefaults__ or {})[name] for name in _TOUCHED.split())


def _open(folder: Path, m: Manifest, backend: BackendName | None, role: str) -> Network:
    """Open the network of a role."""
    if role not in m.files:
        raise GrooveError(f"the model {m.name} has no latent space: it has no {role!r} network")
    return open_network(folder, m.files[role], role, backend)
