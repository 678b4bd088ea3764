"""From what the network answers to hits, velocities and offsets, by the rules asked for and the model's own figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import decoding
from .arguments import Conditioning, HitRules
from .decoding import Bools
from .manifest import Manifest
from .taps import STEPS, Floats


class Decoder:
    """Chooses what is played.

    Args:
        manifest: of the model, whose bias, thresholds, rare voices and centring count.
    """

    def __init__(self, manifest: Manifest) -> None:
        bias = np.array(manifest.bias, np.float32)
        self._bias = np.tile(bias, (STEPS, 1))  # (32, 9): of one shape with the logits it goes faster
        self._odds = np.exp(-bias)
        self._thresholds = np.array(manifest.thresholds, np.float32)
        self._rare, self._centring = manifest.rare, manifest.centring

    def probabilities(self, logits: Floats, temperature: float = 1.0) -> Floats:
        """Return the probability (..., 32, 9) of each cell, centred so that .5 is where it plays."""
        shifted = logits - self._bias
        if temperature != 1:
            shifted /= np.float32(temperature)
        return decoding.sigmoid(shifted)

    def choose(self, p: Floats, on: Floats, thresholds: Floats | None = None) -> Bools:
        """Return the cells (32, 9) that play by thresholds (9,), or by the model's own; see `decoding.choose`."""
        if thresholds is None:
            return decoding.choose(p, on, self._thresholds, self._rare, self._centring, self._odds)
        # Thresholds of the performer's own decide how much is played, so nothing else may.
        return decoding.choose(p, on, thresholds, self._rare, 0.0, self._odds)

    def hits(
        self,
        p: Floats,
        on: Floats,
        conditioning: Conditioning,
        velocities: Floats,
        energy: float | None,
        thresholds: Floats | None = None,
    ) -> Bools:
        """Return the cells (32, 9) that play by threshold, by the densities asked for, or by the energy to keep."""
        if energy is not None:
            return decoding.fit_energy(p, velocities, on, energy)
        hits = self.choose(p, on, thresholds)
        return _counted(p, hits, conditioning) if conditioning.counted else hits

    def hits_of(
        self,
        logits: Floats,
        taps: Floats,
        asked: Sequence[Conditioning],
        velocities: Floats,
        energy: Sequence[float | None],
    ) -> list[Bools]:
        """Return the cells (32, 9) of each of n loops that play by the model's own thresholds."""
        p, on = self.probabilities(logits), taps[..., 0]
        return [self.hits(p[i], on[i], a, velocities[i], energy[i]) for i, a in enumerate(asked)]

    def finish(
        self, tap: Floats, logits: Floats, v: Floats, o: Floats, energy: float | None, rules: HitRules
    ) -> tuple[Floats, Floats, Floats]:
        """Make hits, velocities and offsets (32, 9) of what the network answered to one tap (32, 3)."""
        asked, temperature, thresholds, most, rng, held = rules
        p = self.probabilities(logits, temperature)
        on = tap[:, 0]
        if rng is None:
            hits = self.hits(p, on, asked, v, energy, thresholds)
        else:
            drawn = decoding.drawn(logits / np.float32(temperature), rng)
            hits = drawn >= 0.5
            if thresholds is not None:
                hits &= (p >= thresholds) | (thresholds == self._thresholds)
            if energy is not None:
                hits = decoding.fit_energy(drawn, v, on, energy)
            elif asked.counted:
                hits = _counted(drawn, hits, asked)
        if most is not None and (most < STEPS).any():
            for voice in np.flatnonzero(hits.sum(0) > most):
                hits[:, voice] = decoding.top(p[:, voice] * hits[:, voice], int(most[voice]))
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


def _counted(p: Floats, hits: Bools, asked: Conditioning) -> Bools:
    return decoding.fit_density(p, hits, asked.counts, asked.voices, asked.total)
