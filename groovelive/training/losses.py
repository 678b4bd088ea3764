"""What a network is trained to make small."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .net import GrooveNet, densities, flatten
from .recipes import Recipe


class Losses(nn.Module):
    """The network with its losses as one module, so that DDP can wrap it."""

    def __init__(self, net: GrooveNet, recipe: Recipe, teachers: Sequence[GrooveNet] = ()) -> None:
        super().__init__()
        self.net, self.recipe = net, recipe
        self.teachers = list(teachers)  # a plain list: they are no part of what is trained
        for teacher in self.teachers:
            teacher.requires_grad_(False).eval()

    def forward(self, x: Tensor, genre: Tensor, known: Tensor, kl_weight: float) -> dict[str, Tensor]:
        """Return the losses, each a mean per loop, and their sum under "loss"."""
        recipe, net = self.recipe, self.net
        hits, velocities, offsets = x.split(9, -1)
        density, tap = densities(hits), flatten(x)

        mean, log_variance = net.encode(tap)
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()
        hit, velocity, offset = net.tap_of(z)
        tap_loss = F.binary_cross_entropy_with_logits(hit, tap[..., 0], reduction="none") + tap[..., 0] * (
            recipe.velocity * (velocity - tap[..., 1]).abs() + recipe.offset * (offset - tap[..., 2]).abs()
        )
        with torch.no_grad():
            target = hits
            if self.teachers:
                taught = [torch.sigmoid(t.drum(tap, genre, density, known)[0]) for t in self.teachers]
                target = hits.lerp(torch.stack(taught).mean(0), recipe.teaching)
        logits, v, o = net.drum(tap, genre, density, known)
        losses = {
            "hits": F.binary_cross_entropy_with_logits(logits, target, reduction="none").sum((1, 2)).mean(),
            "velocity": (hits * (v - velocities).abs()).sum((1, 2)).mean(),
            "offset": (hits * (o - offsets).abs()).sum((1, 2)).mean(),
            "tap": tap_loss.sum(1).mean(),
            "kl": kl,
        }
        known_genre = genre[:, -1] < 1
        if known_genre.any():
            heard = net.ear(tap[known_genre] * (1 + 0.1 * torch.randn_like(tap[known_genre])))
            losses["ear"] = F.cross_entropy(heard, genre[known_genre, :-1], label_smoothing=0.1)
        drums = losses["hits"] + recipe.velocity * losses["velocity"] + recipe.offset * losses["offset"]
        return losses | {"loss": drums + losses["tap"] + losses.get("ear", 0) + kl_weight * kl}
