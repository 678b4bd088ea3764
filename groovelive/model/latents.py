"""The latent space of taps: points of it and ways through it, presets, and taps that are followed only in part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from .. import checks
from ..errors import GrooveError, closest
from ..grooves.groove import Groove
from .arguments import Genre
from .manifest import Manifest, PresetRow
from .network import Network
from .paths import between
from .taps import Floats, Tap, as_array, hardened, one_loop

Point = Tap  # of the latent space: a latent (z,), the name of a preset or a genre, or a tap


class Preset(NamedTuple):
    """A named point of the latent space, with the genre and the pattern that it was chosen for."""

    name: str
    genre: str
    z: Floats
    groove: Groove


class LatentSpace:
    """The latent space of a model.

    Args:
        folder: of the model, where its presets are.
        manifest: of the model.
        open: opens the network of a role; refuses where the model has none.
    """

    def __init__(self, folder: Path, manifest: Manifest, open: Callable[[str], Network]) -> None:
        self._folder, self._manifest, self._open = folder, manifest, open

    @cached_property
    def encoder(self) -> Network:
        """The network that makes latents of taps."""
        return self._open("encode")

    @cached_property
    def recaller(self) -> Network:
        """The network that makes taps of latents."""
        return self._open("recall")

    @cached_property
    def presets(self) -> dict[str, Preset]:
        """Named latents with their genres and patterns, over all genres."""
        path = self._folder / "presets.json"
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

    def encode(self, taps: Floats) -> tuple[Floats, Floats]:
        """Return mean and log variance of the latents, each (n, z), of taps (n, 32, 3)."""
        mean, log_variance = self.encoder({"tap": taps})
        return mean, log_variance

    def recall(self, z: Floats) -> Floats:
        """Return the taps (n, 32, 3) that latents stand for, their hits as probabilities."""
        return self.recaller({"z": np.ascontiguousarray(z, np.float32)})[0]

    def latent(self, tap: Tap) -> Floats:
        """Return the latent (z,) of a tap of two bars."""
        return self.encode(one_loop(tap))[0][0]

    def random(self, seed: int) -> Floats:
        """Return a latent (z,) drawn from N(0, I), the same for the same seed."""
        rng = np.random.default_rng(checks.whole("seed", seed, 0))
        return rng.standard_normal(self._manifest.latent).astype(np.float32)

    def home(self, genre: str | None) -> Preset:
        """Return the first preset of a genre, or of all.

        Raises:
            GrooveError: there is none.
        """
        for preset in self.presets.values():
            if genre is None or preset.genre == genre:
                return preset
        raise GrooveError(f"this model has no preset{f' of {genre}' if genre else ''}; name a latent or a tap")

    def point(self, point: Point) -> tuple[Floats | None, str | None]:
        """Return the latent and the genre of a point; the latent is None where only a genre is named.

        Raises:
            GrooveError: it is none.
        """
        if isinstance(point, str):
            if point in self.presets:
                return self.presets[point].z, self.presets[point].genre
            if point in self._manifest.genres:
                return None, point
            try:
                return self.latent(point), None
            except GrooveError as error:
                hint = closest(point, [*self.presets, *self._manifest.genres])
                if not point.replace(" ", "").replace("-", "").isalpha():
                    raise
                reason = getattr(error, "reason", error)
                raise GrooveError(f"{point!r} is no preset, no genre{hint} and no rhythm: {reason}") from None
        if not isinstance(point, Groove):
            array = as_array(point, "a latent")
            size = self._manifest.latent
            if array.shape == (size,):
                return array, None
            if array.ndim != 2:
                raise GrooveError(f"a latent has the shape ({size},), a tap (32, 3); not {array.shape}")
        return self.latent(point), None

    def way(self, start: Point, end: Point, steps: int, path: str) -> tuple[Floats, str | None, str | None]:
        """Return the latents (steps, z) from one point to another, and the genres of both."""
        (a, genre_a), (b, genre_b) = self.point(start), self.point(end)
        a, b = (a if a is not None else b), (b if b is not None else a)
        if a is None or b is None:  # from genre to genre: by their presets
            a, b = self.home(genre_a).z, self.home(genre_b).z
        at = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
        return between(a, b, at, path), genre_a, genre_b

    def followed(self, loops: list[Floats], follow: float, preset: Point | None, genre: Genre) -> Sequence[Floats]:
        """Return the taps (32, 3) that are played: those given, or where they count only in part, a blend.

        Args:
            loops: the taps (32, 3) given.
            follow: 1 plays them, 0 plays the preset.
            preset: by default the first of the genre.
            genre: as for `Model.drum`.

        Raises:
            GrooveError: there is a preset, but nothing of it would be heard; or there is no such preset.
        """
        if follow < 1:
            return list(self._blended(loops, follow, preset, genre))
        if preset is not None:
            raise GrooveError("a preset is heard only where follow is below 1; pass follow=0 to play it alone")
        return loops

    def _blended(self, loops: list[Floats], follow: float, preset: Point | None, genre: Genre) -> Floats:
        if preset is None:
            first = max(genre, key=lambda g: genre[g]) if isinstance(genre, Mapping) and genre else genre
            home = self.home(first if isinstance(first, str) and first != "any" else None).z
        else:
            point, of_genre = self.point(preset)
            home = self.home(of_genre).z if point is None else point
        taps = np.stack(loops)
        z = home[None].repeat(len(taps), 0)
        if follow:
            z = (1 - np.float32(follow)) * z + np.float32(follow) * self.encode(taps)[0]
        own = self.recall(z)
        if follow:
            heard = taps[..., :1] > 0  # where only one of the two hits, its feel counts
            feel = np.where(heard, own + np.float32(follow) * (taps - own), own)
            feel[..., 0] = own[..., 0] + np.float32(follow) * (taps[..., 0] - own[..., 0])
            own = feel
        return hardened(own)
