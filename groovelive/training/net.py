"""The groove network in one file: a tap (or a latent) and its conditions in, nine voices of drums out.

    tap (B, 32, 3) --encode--> latent z (B, 64) --tap_of--> the tap that z stands for (B, 32, 3)
    guide = follow * tap + (1 - follow) * tap of z
    its hits from .5 on, genre, densities --drum--> hit logits, velocities, offsets, each (B, 32, 9)

The latent is that of a variational autoencoder of taps: walks, presets and prior samples are points of it. The
drummer reads a tap, never the latent itself, so with follow 1 nothing of the played timing and dynamics is lost in
a bottleneck (one network for both, fed with z, measured 4 points of F1 worse). Velocities are the guide's velocity
times a share 0..1, offsets the guide's offset plus a shift: at each step the loudest voice *is* the tap, so
copying is the starting point that the network has to beat.

Attention blocks (pre-norm, a learned bias per head and pair of steps) rather than mixer blocks: at equal size they
measured one point of F1 better. Shapes: B loops, T = 32 steps, d channels, h heads.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..grooves.groove import GROUPS

STEPS, VOICES, DENSITIES = 32, 9, 6  # densities: five groups, and all nine voices together
# Corrections of what the losses leave biased, measured on the validation split. The mean that the tap's decoder gives
# varies less than taps do (velocities .251 against .288, offsets .161 against .187 within the split); and an L1 loss
# gives the median share, whose mean is too loud by 5 %.
VELOCITY_SPREAD, OFFSET_SPREAD, SHARE_POWER = 1.2, 1.15, 1.12


@dataclass(frozen=True)
class Config:
    """The shape of a network; stored in its checkpoint."""

    genres: tuple[str, ...] = ()
    width: int = 80
    heads: int = 4
    hidden: int = 160
    encoder_blocks: int = 1
    drum_blocks: int = 4
    latent: int = 64
    dropout: float = 0.1


class Block(nn.Module):
    """Pre-norm self-attention over the 32 steps with a learned bias, then a two-layer perceptron."""

    def __init__(self, config: Config, condition: int = 0) -> None:
        super().__init__()
        d = self.width = config.width
        self.heads = config.heads
        self.condition = nn.Linear(condition, d) if condition else None
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.bias = nn.Parameter(torch.zeros(config.heads, STEPS, STEPS))
        self.up, self.down = nn.Linear(d, config.hidden), nn.Linear(config.hidden, d)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B T, d) for x (B T, d): one matrix, so that every Linear runs as one matrix product."""
        x = x + self.dropout(self.out(self.attend(self.norm1(x))))
        return x + self.dropout(self.down(F.relu(self.up(self.norm2(x)))))

    def attend(self, x: Tensor) -> Tensor:
        """Return (B T, d): attention of the 32 steps of each loop to each other."""
        d, h = self.width, self.heads  # plain numbers: the exported graph then computes no shapes
        qkv = self.qkv(x).view(-1, STEPS, h, 3 * d // h).transpose(1, 2)
        q, k, v = qkv.split(d // h, -1)  # each (B, h, T, d/h)
        if torch.onnx.is_in_onnx_export():  # plain operators run faster in the runtime than the traced kernel
            y = torch.softmax(q @ k.transpose(-1, -2) * (d // h) ** -0.5 + self.bias, -1) @ v
        else:
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=self.bias)
        return y.transpose(1, 2).reshape(-1, d)


class GrooveNet(nn.Module):
    """The encoder, the tap that a latent stands for, and the conditioned drummer."""

    density_mean: Tensor
    density_std: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        d, z, genres = config.width, config.latent, len(config.genres)
        self.tap_in = nn.Linear(3, d)
        self.tap_position = nn.Parameter(torch.randn(STEPS, d) * 0.02)
        self.encoder = nn.ModuleList(Block(config) for _ in range(config.encoder_blocks))
        self.squeeze = nn.Linear(d, 16)
        self.mean, self.log_variance = nn.Linear(STEPS * 16, z), nn.Linear(STEPS * 16, z)
        self.own_tap = nn.Sequential(nn.Linear(z, 384), nn.ReLU(), nn.Linear(384, STEPS * 3))
        self.guide_in = nn.Linear(3, d)
        self.guide_position = nn.Parameter(torch.randn(STEPS, d) * 0.02)
        self.genre = nn.Parameter(torch.randn(genres + 1, 32))  # the last row is "any"
        self.density = nn.Linear(2 * DENSITIES, 32)
        self.drummer = nn.ModuleList(Block(config, condition=64) for _ in range(config.drum_blocks))
        self.norm, self.head = nn.LayerNorm(d), nn.Linear(d, 3 * VOICES)
        self.ear = nn.Sequential(
            nn.Flatten(),
            nn.Linear(STEPS * 3, 128),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(128, max(genres, 1)),
        )
        self.register_buffer("density_mean", torch.zeros(DENSITIES))
        self.register_buffer("density_std", torch.ones(DENSITIES))
        nn.init.zeros_(self.log_variance.weight)
        nn.init.constant_(self.log_variance.bias, -2.0)
        with torch.no_grad():  # start from few hits and a copy of the guide's feel
            self.head.bias[:VOICES] = -2.0
            self.head.weight[VOICES:] *= 0.1

    def encode(self, tap: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log variance of the latent, each (B, z), of taps (B, 32, 3)."""
        x = (self.tap_in(tap) + self.tap_position).flatten(0, 1)  # (B T, d)
        for block in self.encoder:
            x = block(x)
        x = self.squeeze(x).view(-1, STEPS * 16)
        return self.mean(x), self.log_variance(x).clamp(-8, 4)

    def tap_of(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return hit logits, velocities and offsets, each (B, 32), of the tap that latents (B, z) stand for."""
        hit, velocity, offset = self.own_tap(z).view(-1, STEPS, 3).unbind(-1)
        return hit, torch.sigmoid(velocity), 0.5 * torch.tanh(offset)

    def guide_of(self, z: Tensor) -> Tensor:
        """Return the tap (B, 32, 3) that latents (B, z) stand for, its hits as probabilities."""
        hit, velocity, offset = self.tap_of(z)
        hit = torch.sigmoid(hit)
        mean = (hit * velocity).sum(1, keepdim=True) / (hit.sum(1, keepdim=True) + 1e-3)
        velocity = (mean + VELOCITY_SPREAD * (velocity - mean)).clamp(0.02, 1)
        return torch.stack([hit, velocity, (OFFSET_SPREAD * offset).clamp(-0.5, 0.5)], -1)

    def familiar(self, tap: Tensor) -> Tensor:
        """Return (B, genres), 0..1: how much taps (B, 32, 3) sound like each genre already, beside the likeliest.

        Guidance needs it: a genre that the tap speaks already must not be exaggerated.
        """
        heard = self.ear(tap)
        return torch.exp(heard - heard.amax(-1, keepdim=True))

    def drum(self, guide: Tensor, genre: Tensor, density: Tensor, known: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return hit logits, velocities 0..1 and offsets -0.5..0.5, each (B, 32, 9).

        Args:
            guide: (B, 32, 3), the played tap, the latent's tap, or a blend of both; its hits 0 or 1.
            genre: (B, genres + 1), weights that sum to 1; the last is "any".
            density: (B, 6), hits per step of the five groups and of all voices.
            known: (B, 6), 1 where that density is asked for, else 0.
        """
        x = (self.guide_in(guide) + self.guide_position).flatten(0, 1)  # (B T, d)
        d = self.config.width
        level = (density - self.density_mean) / self.density_std * known
        asked = F.relu(self.density(torch.cat([level, known], -1)))
        condition = torch.cat([genre @ self.genre, asked], -1)  # (B, 64)
        # What each block hears of the condition, in one matrix product, the same at every step: (B T, blocks d).
        weight = torch.cat([block.condition.weight for block in self.drummer])
        bias = torch.cat([block.condition.bias for block in self.drummer])
        heard = F.linear(condition, weight, bias)[:, None].expand(-1, STEPS, -1).reshape(-1, d * len(self.drummer))
        for block, told in zip(self.drummer, heard.split(d, -1), strict=True):
            x = block(x + told)
        logits, share, shift = self.head(self.norm(x)).view(-1, STEPS, 3 * VOICES).split(VOICES, -1)
        share = straight_through(1 + 4 * share, (1 + 4 * share).clamp(0, 1))
        if not self.training:
            share = share**SHARE_POWER
        shift = straight_through(shift, shift - shift.clamp(-0.03, 0.03))
        # Where the tap is silent a hit is still possible (a density asked for): softer than what is played.
        hit, velocity = guide[..., 0:1], guide[..., 1:2]
        # (A product, not a sum over steps: the runtime's sums give other last bits in a batch than alone.)
        hits, loud = (hit.transpose(1, 2) @ guide[..., :2]).split(1, -1)  # (B, 1, 1) each: how many, how loud in all
        ghost = 0.5 * loud / (hits + 1e-3) + 1e-2
        velocity = torch.maximum(velocity, (1 - hit) * ghost)
        return logits, velocity * share, (guide[..., 2:3] + shift).clamp(-0.5, 0.5)


def straight_through(smooth: Tensor, exact: Tensor) -> Tensor:
    """Return `exact`, with the gradient of `smooth`: limits that an L1 loss can still push back from."""
    return smooth + (exact - smooth).detach() if torch.is_grad_enabled() else exact


def flatten(hvo: Tensor) -> Tensor:
    """Return the taps (B, 32, 3) of drums (B, 32, 27): the loudest hit's velocity and offset at each step."""
    hits, velocities, offsets = hvo.split(VOICES, -1)
    loudest = (velocities + hits).argmax(-1, keepdim=True)
    return torch.cat([a.gather(-1, loudest) for a in (hits, velocities, offsets)], -1)


def densities(hits: Tensor) -> Tensor:
    """Return (B, 6) hits per step of the five groups and of all voices, of hits (B, 32, 9)."""
    per_voice = hits.mean(1)
    return torch.stack([per_voice[:, list(v)].sum(-1) for v in GROUPS.values()] + [per_voice.sum(-1)], -1)
