"""The player's network in one file: what was played and what is told in, the next step's hits and touch out.

    step inputs (what was played 1, 16, 32, 64, 128 steps ago) + the set before + step in the bar
    + a window of control rows (the rhythm, the locks) + the bar's conditions
        --causal attention blocks--> y (B, T, d)
        --one softmax over the 512 sets of hits--> which voices play
        --for each hit, in the order of the voices--> its velocity class, then its offset class

One softmax over whole sets rather than nine decisions: a lock is then exact whatever its order (the sets that
contradict it are dropped), and it measured better than independent voices or a chain of them. A set's vector is its
own plus the sum of its voices', so that rare sets share what is known of their voices. The conditions are added at the
input and again before each block. Attention knows distance only: a bias per head and number of steps back.

Shapes: B rows, T steps, d channels, h heads, N hits.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...model.player.conditions import (
    BITS,
    CONDITIONS,
    CONTROLS,
    LOOKAHEAD,
    LOOKBEHIND,
    MEMORY,
    N_SETS,
    N_VOICES,
    OFFSETS,
    PLAYED,
    POWERS,
    STEPS,
    VELOCITIES,
    WINDOW,
)
from ...model.player.lookback import STEP_INPUTS, TOUCH_INPUTS


@dataclass(frozen=True)
class Shape:
    """The sizes of a network; stored in its checkpoint."""

    width: int = 96
    heads: int = 4
    blocks: int = 3
    hidden: int = 256
    touch: int = 128
    told: int = 64
    dropout: float = 0.1


@dataclass(frozen=True)
class Nats:
    """Sums of the cost of what was really played, and over how much.

    Args:
        sets, velocities, offsets: nats of the sets of hits, the velocity classes, the offset classes.
        steps, hits: how many steps and hits they cost.
    """

    sets: Tensor
    velocities: Tensor
    offsets: Tensor
    steps: Tensor
    hits: Tensor


class CausalBlock(nn.Module):
    """Pre-norm attention to the `MEMORY` steps up to each step, then a two-layer perceptron."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        d, self.heads, self.dropout = shape.width, shape.heads, shape.dropout
        self.told = nn.Linear(shape.told, d)
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.out = nn.Linear(d, 3 * d, bias=False), nn.Linear(d, d)
        self.up, self.down = nn.Linear(d, shape.hidden), nn.Linear(shape.hidden, d)
        # Heads begin with different reaches, two of them with an eye on the bar before.
        back = torch.arange(MEMORY)
        reach = torch.tensor([0.0, 0.05, 0.3, 1.0]).repeat(-(-self.heads // 4))[: self.heads, None]
        periodic = torch.tensor([0.5, 0.5, 0.0, 0.0]).repeat(-(-self.heads // 4))[: self.heads, None]
        self.back = nn.Parameter(-back[None] / 16 * reach + periodic * (back % STEPS == STEPS - 1)[None])

    def bias(self, steps: int) -> Tensor:
        """Return (h, T, T): what is added for each step (row) and each step before it; -1e9 beyond reach."""
        never = torch.full((self.heads, 1), -1e9)
        reach = min(steps, MEMORY)
        line = torch.cat([never.expand(-1, steps - 1), self.back[:, :reach], never.expand(-1, steps - reach)], 1)
        # Windows of one line rather than an index: their gradient is quick.
        return line.flip(1).unfold(1, steps, 1).flip(1)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:  # (B, T, d), (B, T, d) -> (B, T, d)
        b, t, d = x.shape
        x = x + told
        q, k, v = self.qkv(self.norm1(x)).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        weights = torch.baddbmm(
            self.bias(t).expand(b, -1, -1, -1).flatten(0, 1), q.flatten(0, 1), k.flatten(0, 1).mT,
            alpha=(d // self.heads) ** -0.5,
        ).softmax(-1)  # fmt: skip
        y = (weights @ v.flatten(0, 1)).view(b, self.heads, t, d // self.heads)
        x = x + F.dropout(self.out(y.transpose(1, 2).reshape(b, t, d)), self.dropout, self.training)
        return x + F.dropout(self.down(F.relu(self.up(self.norm2(x)))), self.dropout, self.training)


class CausalDrummer(nn.Module):
    """The network of the player.

    Args:
        shape: its sizes.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        d, hidden = shape.width, shape.touch
        self.register_buffer("bits", torch.from_numpy(BITS), persistent=False)
        self.register_buffer("powers", torch.from_numpy(POWERS), persistent=False)
        self.played = nn.Linear(STEP_INPUTS, d)
        self.before = nn.Parameter(torch.randn(N_SETS, d) * 0.02)
        self.place = nn.Parameter(torch.randn(STEPS, d) * 0.02)
        self.controls = nn.Conv1d(CONTROLS, d, WINDOW)
        self.conditions = nn.Linear(CONDITIONS, shape.told)
        self.told = nn.Linear(shape.told, d)
        self.blocks = nn.ModuleList(CausalBlock(shape) for _ in range(shape.blocks))
        self.norm = nn.LayerNorm(d)
        self.set_own = nn.Parameter(torch.zeros(N_SETS, d))
        self.set_voices = nn.Parameter(torch.randn(N_VOICES, d) * 0.05)
        self.set_bias = nn.Parameter(torch.zeros(N_SETS))
        # Touch: one hidden layer for velocity and one for offset, side by side.
        self.touch_y = nn.Linear(d, 2 * hidden)
        self.touch_rhythm = nn.Linear(4, 2 * hidden, bias=False)
        self.touch_voice = nn.Parameter(torch.randn(N_VOICES, 2 * hidden) * 0.05)
        self.touch_set = nn.Linear(N_VOICES, 2 * hidden, bias=False)
        self.touch_done = nn.Linear(PLAYED, 2 * hidden, bias=False)
        self.touch_past = nn.Linear(TOUCH_INPUTS, 2 * hidden, bias=False)
        self.touch_velocity = nn.Parameter(torch.randn(VELOCITIES, hidden) * 0.05)
        self.velocity, self.offset = nn.Linear(hidden, VELOCITIES), nn.Linear(hidden, OFFSETS)

    def trunk(self, batch: dict[str, Tensor]) -> Tensor:
        """Return y, (B, T, d): what is known before each step is played."""
        played = batch["played"]
        t = played.shape[1]
        sets = (played[:, :-1, :N_VOICES] @ self.powers).long()
        before = F.pad(sets, (1, 0))  # at the first step the empty set
        window = F.pad(batch["controls"].transpose(1, 2), (LOOKBEHIND, LOOKAHEAD))
        told = F.relu(self.conditions(batch["conditions"]))  # (B, bars, told)
        x = self.played(batch["inputs"]) + self.before[before] + self.place.repeat(t // STEPS, 1)
        x = x + self.controls(window).transpose(1, 2) + self.told(told).repeat_interleave(STEPS, 1)
        x = F.dropout(x, self.shape.dropout, self.training)
        for block in self.blocks:
            x = block(x, block.told(told).repeat_interleave(STEPS, 1))
        return self.norm(x)

    def set_logits(self, y: Tensor) -> Tensor:
        """Return the logits of the sets, (..., 512)."""
        return y @ (self.set_own + self.bits @ self.set_voices).T + self.set_bias

    def touch(
        self, y: Tensor, rhythm: Tensor, voice: Tensor, hits: Tensor, done: Tensor, past: Tensor, velocity: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the logits of velocity (N, 16) and offset (N, 32) of single hits.

        Args:
            y: (N, d); rhythm: (N, 4) known, hit, velocity, offset at their step; voice: (N,).
            hits: (N, 9) the set; done: (N, 27) those of its hits that have a velocity and an offset already.
            past: (N, TOUCH_INPUTS) of their own voice; velocity: (N,) their class of velocity.
        """
        a = self.touch_y(y) + self.touch_rhythm(rhythm) + self.touch_voice[voice]
        a = a + self.touch_set(hits) + self.touch_done(done) + self.touch_past(past)
        loud, late = a.chunk(2, -1)
        return self.velocity(F.relu(loud)), self.offset(F.relu(late + self.touch_velocity[velocity]))

    def forward(self, batch: dict[str, Tensor], reduce: bool = True) -> Nats:
        """Return the nats of what was played, summed over the batch, or by step (B, T) and hit (N,) if not `reduce`."""
        y = self.trunk(batch)
        valid = batch["valid"]
        hits, velocities, offsets = batch["played"].split(N_VOICES, -1)
        known, locked = batch["controls"][..., 4:].split(N_VOICES, -1)
        logits = self.set_logits(y)
        clash = (known - locked) @ self.bits.T + locked @ (1 - self.bits).T
        logits = logits.masked_fill(clash > 0.5, -1e9)
        sets = (hits @ self.powers).long()
        cost = F.cross_entropy(logits.flatten(0, 1), sets.flatten(), reduction="none").view_as(valid) * valid

        row, step, voice = (hits * valid[..., None]).nonzero(as_tuple=True)
        own = hits[row, step]
        earlier = (torch.arange(N_VOICES)[None] < voice[:, None]).float()
        done = torch.maximum(earlier, known[row, step]) * own
        done = done.scatter(1, voice[:, None], 0.0)
        done = torch.cat([done, done * velocities[row, step], done * offsets[row, step] * 2], -1)
        v, o = velocities[row, step, voice], offsets[row, step, voice]
        v_class = (v * 127 / 8).long().clamp(0, VELOCITIES - 1)
        o_class = torch.floor((o + 0.5) * OFFSETS).long().clamp(0, OFFSETS - 1)
        rhythm, past = batch["controls"][row, step, :4], batch["touch"][row, step, voice]
        v_logits, o_logits = self.touch(y[row, step], rhythm, voice, own, done, past, v_class)
        v_cost = F.cross_entropy(v_logits, v_class, reduction="none")
        o_cost = F.cross_entropy(o_logits, o_class, reduction="none")
        if not reduce:
            return Nats(cost, v_cost, o_cost, valid, torch.stack([row, step, voice]))
        return Nats(cost.sum(), v_cost.sum(), o_cost.sum(), valid.sum(), torch.tensor(float(len(voice))))
