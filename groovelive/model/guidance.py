"""The drum network with its conditions: genres pressed by guidance, absent voices ruled out, energy to be kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from .arguments import Conditioning
from .decoder import Decoder
from .manifest import Manifest
from .network import Network
from .taps import Floats


class NetworkAnswer(NamedTuple):
    """What the network says of n loops: logits, velocities, offsets (n, 32, 9), and the energy to keep, or None."""

    logits: Floats
    velocities: Floats
    offsets: Floats
    energy: list[float | None]


class GuidedNetwork:
    """The network that answers taps with drums, asked as often as its conditions need.

    Args:
        manifest: of the model.
        open: opens the network of a role.
        decoder: chooses hits, where the energy of those has to be known.
        own: the network inputs of the model's own controls, in the manifest's order.

    Attributes:
        drum: the network itself.
    """

    def __init__(
        self, manifest: Manifest, open: Callable[[str], Network], decoder: Decoder, own: Sequence[str]
    ) -> None:
        self._manifest, self._open, self._decoder, self._own = manifest, open, decoder, tuple(own)
        self._any = np.eye(len(manifest.genres) + 1, dtype=np.float32)[-1]
        self.drum: Network = open("drum")

    @cached_property
    def hear(self) -> Network | None:
        """The network that tells what genres a tap sounds like, where the model has one."""
        return self._open("hear") if "hear" in self._manifest.files else None

    def answer(self, taps: Floats, asked: Sequence[Conditioning]) -> NetworkAnswer:
        """Answer taps (n, 32, 3), once more without what is absent where the energy of a loop has to be kept."""
        n, moved = len(asked), [i for i, a in enumerate(asked) if a.absent and a.moves_energy]
        if not moved:
            return NetworkAnswer(*self.run(taps, asked), [None] * n)
        whole = [asked[i]._replace(known=np.zeros(6, np.float32), absent=()) for i in moved]
        taps = np.concatenate([taps, taps[moved]])
        logits, v, o = self.run(taps, [*asked, *whole])
        energy: list[float | None] = [None] * n
        for row, i in enumerate(moved, n):
            hits = self._decoder.choose(self._decoder.probabilities(logits[row]), taps[row][:, 0])
            energy[i] = float(v[row][hits].sum())
        return NetworkAnswer(logits[:n], v[:n], o[:n], energy)

    def run(self, taps: Floats, asked: Sequence[Conditioning]) -> tuple[Floats, Floats, Floats]:
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
        for k, name in enumerate(self._own):
            column = np.array([[a.extra[k]] for a in asked], np.float32)
            feeds[name] = np.concatenate([column, column[guided]]) if guided else column
        logits, v, o = self.drum(feeds)
        if guided:
            self._guide(taps[:n], [(i, asked[i]) for i in guided], logits, v)
            logits, v, o = logits[:n], v[:n], o[:n]
        for i, a in enumerate(asked):
            if a.absent:
                logits[i][:, list(a.absent)] = -np.inf
        return logits, v, o

    def _guide(self, taps: Floats, asked: Sequence[tuple[int, Conditioning]], logits: Floats, v: Floats) -> None:
        """Press the genres asked for, in place; rows from len(taps) on hold the answers without a genre.

        Hits and velocities move on from the answer without the genre, through that with it (classifier-free
        guidance; Ho and Salimans 2022), the less the more the tap sounds like the genre anyway: what it says
        already must not be exaggerated. The expected number of hits stays as the genre has it.
        """
        n = len(taps)
        rows = slice(n) if len(asked) == n else [i for i, _ in asked]
        strength = np.array([a.guidance for _, a in asked], np.float32)
        if self.hear is not None:
            weights = np.stack([a.genre[:-1] / (1 - a.genre[-1]) for _, a in asked])
            familiar = (self.hear({"tap": taps[rows]})[0] * weights).sum(1)
            strength = 1 + (strength - 1) * (1 - familiar) ** 4
        step = (strength - 1)[:, None, None]
        own = logits[rows]
        probabilities = self._decoder.probabilities
        kept = probabilities(own).sum((1, 2), keepdims=True)
        pressed = own + step * (own - logits[n:])
        for _ in range(3):  # Newton's method on one shift a loop
            p = probabilities(pressed)
            slope = (p * (1 - p)).sum((1, 2), keepdims=True)
            shift = (kept - p.sum((1, 2), keepdims=True)) / np.maximum(slope, 1e-3)
            pressed += np.minimum(np.maximum(shift, -1), 1)
        logits[rows] = pressed
        louder = v[rows] + step * (v[rows] - v[n:])
        v[rows] = np.minimum(np.maximum(louder, 0), 1)
