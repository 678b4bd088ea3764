"""The loops that a network learns from, augmented anew in every epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ..grooves.grid import GROUPS
from . import data
from .recipes import Recipe


@dataclass(frozen=True)
class Batches:
    """The loops a network learns from, as tensors; `draw` makes one epoch of augmented batches."""

    hvo: Tensor  # (n, 32, 27)
    genre: Tensor  # (n,), `any` where unknown
    first: NDArray[np.int64]  # (n,) where the loop's performance begins
    count: NDArray[np.int64]  # (n,) how many loops it has

    @classmethod
    def of(cls, loops: data.Loops, genres: Sequence[str]) -> Batches:
        index = {name: i for i, name in enumerate(genres)}
        genre = torch.tensor([index.get(str(g), len(genres)) for g in loops.genre])
        _, first, which, count = np.unique(
            loops.performance, return_index=True, return_inverse=True, return_counts=True
        )
        return cls(torch.from_numpy(loops.hvo), genre, first[which], count[which])

    def draw(self, recipe: Recipe, epoch: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return (hvo, genre weights, known densities) of one epoch, shuffled; the same for the same epoch."""
        rng = np.random.default_rng((recipe.seed, epoch))
        n, groups = len(self.hvo), len(GROUPS)

        def chance(p: float) -> NDArray[np.bool_]:
            return rng.random(n) < p

        def spread(sigma: float) -> Tensor:
            return torch.from_numpy(np.exp(rng.normal(0, sigma, (n, 1, 1))).astype(np.float32))

        x = self.hvo.clone()
        swap = chance(recipe.recombine)
        other = self.first + (rng.random(n) * self.count).astype(np.int64)
        x[swap, 16:] = self.hvo[other[swap], 16:]
        hits, velocities, offsets = x.split(9, -1)
        late = torch.from_numpy(rng.normal(0, 0.03, (n, 1, 1)).astype(np.float32))
        velocities = (velocities * spread(recipe.gain)).clamp(0.01, 1) * hits
        offsets = (offsets * spread(recipe.stretch) + late).clamp(-0.5, 0.5) * hits

        absent = torch.zeros(n, groups)
        absent[torch.arange(n), torch.from_numpy(rng.integers(0, groups, n))] = torch.from_numpy(
            chance(recipe.absent).astype(np.float32)
        )
        stays = torch.ones(n, 9)
        for k, voices in enumerate(GROUPS.values()):
            stays[:, list(voices)] -= absent[:, k : k + 1]
        x = torch.cat([a * stays[:, None] for a in (hits, velocities, offsets)], -1)

        # What is said of the densities: nothing, all five groups, or any of the six; an absent group always.
        free, all_groups = chance(recipe.free_density), chance(0.6)
        some = torch.from_numpy(rng.random((n, groups + 1)) < rng.random((n, 1))).float()
        every = torch.tensor([1.0] * groups + [0.0])
        known = torch.where(torch.from_numpy(all_groups)[:, None], every, some)
        known = torch.where(torch.from_numpy(free)[:, None], torch.zeros(1), known)
        known[:, :groups] = torch.maximum(known[:, :groups], absent)

        genres = len(recipe.config.genres)
        genre = torch.where(torch.from_numpy(chance(recipe.any_genre)), genres, self.genre)
        weights = F.one_hot(genre, genres + 1).float()
        keep = np.flatnonzero((x[..., :9].sum((1, 2)) > 2).numpy())
        order = torch.from_numpy(rng.permutation(keep))
        return x[order], weights[order], known[order]
