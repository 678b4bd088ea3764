"""A small genre classifier of drum loops, in torch: the judge of genre steering, trained on the train split only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F


class Classifier:
    """Tell the genre of loops (n, 32, 27).

    Args:
        hvo: (n, 32, 27) training loops.
        genre: (n,) their genres; loops of genres that are not in `names` are left out.
        names: the genres to tell apart.
        epochs: passes over the loops.
        seed: of weights and order.
    """

    def __init__(
        self,
        hvo: NDArray[np.float32],
        genre: NDArray[np.str_],
        names: Sequence[str],
        epochs: int = 6,
        seed: int = 0,
    ) -> None:
        self.classes = np.array(names)
        known = np.isin(genre, names)
        x = torch.from_numpy(hvo[known])
        y = torch.tensor([list(names).index(str(g)) for g in genre[known]])
        weight = len(y) / (len(names) * torch.bincount(y, minlength=len(names)).clamp(1)).float()
        torch.manual_seed(seed)
        self.net = nn.Sequential(
            nn.Conv1d(27, 64, 5, padding=2), nn.ReLU(), nn.Dropout(0.3), nn.Flatten(),
            nn.Linear(64 * 32, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, len(names)),
        )  # fmt: skip
        optimizer = torch.optim.AdamW(self.net.parameters(), lr=1e-3, weight_decay=0.05)
        for _ in range(epochs):
            for batch in torch.randperm(len(x)).split(128):
                loss = F.cross_entropy(self.net(x[batch].transpose(1, 2)), y[batch], weight)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
        self.net.eval()

    @torch.no_grad()
    def names(self, hvo: NDArray[np.float32]) -> NDArray[np.str_]:
        """Return the genre (n,) that each loop (n, 32, 27) sounds like."""
        best = [self.net(torch.from_numpy(x).transpose(1, 2)).argmax(1).numpy() for x in _parts(hvo)]
        return self.classes[np.concatenate(best)]


def _parts(hvo: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return np.array_split(np.ascontiguousarray(hvo, np.float32), -(-len(hvo) // 1024))
