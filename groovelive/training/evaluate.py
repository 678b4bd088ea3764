"""`groovelive evaluate`: measure a model on the Groove MIDI Dataset, beside baselines, and how far it obeys.

Definitions of the figures are in `metrics.scores` and in the functions below. Loops are the beats of the split, two
bars of 4/4, one bar from loop to loop. `groove` knows the tap alone; `genre` the true genre too, at guidance 1;
`genre_guided` the same at the model's own guidance; `full` the true genre and the true group densities. The genre
classifier needs torch (extra `train`); without it its figures are null, and the table says so.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import whole
from ..grooves.groove import GROUPS, Groove
from ..model.model import Model, load
from ..runtime.hints import install
from . import data, metrics

Floats = NDArray[np.float32]
Say = Callable[[str], None]
CLASSES = 11  # the classifier tells apart the genres with the most training beats
DENSITY_NAMES = tuple(GROUPS)


def evaluate(
    model: Model, archive: str, split: str, *, say: Say = lambda text: None, limit: int | None = None
) -> dict[str, Any]:
    """Measure `model` on one split.

    Args:
        model: what to measure.
        archive: the data set's zip.
        split: "validation" or "test" (or "train", to see how much it has learnt by heart).
        say: told what is being done.
        limit: measure only so many loops, evenly spread (for a quick look).

    Returns:
        The figures as `groovelive evaluate --json` prints them.
    """
    say(f"reading {split}")
    loops = data.read_dataset(archive, split)
    loops = loops.where(loops.beat)
    if limit is not None and limit < len(loops):
        picked = np.zeros(len(loops), bool)
        picked[np.linspace(0, len(loops) - 1, limit).astype(int)] = True
        loops = loops.where(picked)
    say("reading train")
    train = data.read_dataset(archive, "train")
    taps = np.stack([Groove.from_hvo(x).tap() for x in loops.hvo])
    genres = [str(g) if g in model.genres else None for g in loops.genre]
    result: dict[str, Any] = {
        "split": split,
        "loops": len(loops),
        "model": f"{model.manifest.name} {model.manifest.version}",
    }

    say("drumming with the groove only, with the genre, with genre and densities")
    wanted = [dict(zip(DENSITY_NAMES, row.tolist(), strict=True)) for row in group_densities(loops.hvo)]
    rows: dict[str, dict[str, Any]] = {
        "groove": {}, "genre": {"genre": genres, "guidance": 1.0}, "genre_guided": {"genre": genres},
        "full": {"genre": genres, "density": wanted, "guidance": 1.0},
    }  # fmt: skip
    for name, conditions in rows.items():
        p, v, o = model.predict(taps, **conditions)
        result[name] = metrics.scores(p >= 0.5, v, o, loops.hvo)
        if name == "full":
            result["controls"] = {"density_correlation": {}, "density_error": {}}
            got = group_densities(np.concatenate([p >= 0.5, v, o], -1))
            asked = np.array([list(w.values()) for w in wanted])
            for k, group in enumerate(DENSITY_NAMES):
                result["controls"]["density_correlation"][group] = correlation(asked[:, k], got[:, k])
                result["controls"]["density_error"][group] = float(np.abs(asked[:, k] - got[:, k]).mean() * 32)
    result["baselines"] = baselines(train, loops, taps)
    say("redirecting each group")
    result["controls"] |= redirect(model, taps[:: max(1, len(taps) // 400)])
    say("steering through the genres")
    result["controls"] |= steering(model, train, loops, taps)
    say("walking through the latent space")
    result["latent"] = latent(model, taps)
    return result


def group_densities(hvo: Floats) -> Floats:
    """Return (n, 5): hits per step of each group, at most 1, as `density=` takes them."""
    hits = hvo[..., :9] > 0
    return np.stack([hits[..., list(v)].sum((1, 2)) / 32 for v in GROUPS.values()], -1).clip(0, 1)


def correlation(a: Floats, b: Floats) -> float:
    """Return Pearson's correlation, 1 where both are constant and equal."""
    if a.std() < 1e-9 or b.std() < 1e-9:
        return float(np.allclose(a, b))
    return float(np.corrcoef(a, b)[0, 1])


def baselines(train: data.Loops, loops: data.Loops, taps: Floats) -> dict[str, Any]:
    """Return the scores of what needs no model.

    empty: no hit, the training mean velocity, offset 0. copy: the tap on the closed hat; its velocities and offsets
    at every cell. table: the share of training hits of each voice by step in the bar and quartile of the tap's
    velocity (0 where silent), played from .35 on, with the tap's velocities and offsets.
    """
    n = len(loops)
    copied = np.repeat(taps[..., 1:2], 9, -1), np.repeat(taps[..., 2:3], 9, -1)
    nothing = np.zeros((n, 32, 9), bool)
    mean = train.hvo[..., 9:18][train.hvo[..., :9] > 0].mean()
    hat = nothing.copy()
    hat[..., 2] = taps[..., 0] > 0
    train_taps = np.stack([Groove.from_hvo(x).tap() for x in train.hvo])
    edges = np.quantile(train_taps[..., 1][train_taps[..., 0] > 0], [0.25, 0.5, 0.75])

    def key(t: Floats) -> NDArray[np.int64]:
        level = np.where(t[..., 0] > 0, 1 + np.searchsorted(edges, t[..., 1]), 0)
        return level * 16 + np.arange(32) % 16

    keys = key(train_taps).ravel()
    counts = np.bincount(keys, minlength=80)
    hits = train.hvo[..., :9].reshape(-1, 9)
    table = np.stack([np.bincount(keys, hits[:, v], 80) for v in range(9)], -1) / np.maximum(counts, 1)[:, None]
    return {
        "empty": metrics.scores(
            nothing, np.full((n, 32, 9), mean, np.float32), np.zeros((n, 32, 9), np.float32), loops.hvo
        ),
        "copy": metrics.scores(hat, *copied, loops.hvo),
        "table": metrics.scores(table[key(taps)] >= 0.35, *copied, loops.hvo),
    }


def redirect(model: Model, taps: Floats) -> dict[str, Any]:
    """Return redirect_leak, hits per loop left in a group that must be absent, and redirect_energy.

    redirect_energy is the worst, over the groups, of |1 - energy with / energy without|, where the energy is
    the sum of velocities over all loops whose answer uses the group.
    """
    p, v, _ = model.predict(taps)
    plain = p >= 0.5
    leak, worst = 0.0, 0.0
    for group, voices in GROUPS.items():
        q, w, _ = model.predict(taps, redirect=[group])
        moved = q >= 0.5
        leak = max(leak, float(moved[..., list(voices)].sum((1, 2)).mean()))
        uses = plain[..., list(voices)].any((1, 2))
        if uses.any():
            energy = float((w * moved)[uses].sum() / (v * plain)[uses].sum())
            worst = max(worst, abs(1 - energy))
    return {"redirect_leak": leak, "redirect_energy": worst}


def steering(model: Model, train: data.Loops, loops: data.Loops, taps: Floats) -> dict[str, Any]:
    """Return how often a classifier hears the genre that was asked for, and its accuracy on real drums.

    The classifier (one convolution over steps, one hidden layer, classes weighted by rarity) learns from the training
    beats alone. Asked: 400 taps of the split, each in every one of its genres, at guidance 1, 2, 3 and the default.
    """
    beats = train.where(train.beat)
    found, counts = np.unique(beats.genre, return_counts=True)
    names = [str(n) for n in found[np.argsort(-counts)][:CLASSES]]
    try:
        from .classifier import Classifier  # needs torch, which is optional
    except ImportError:
        return {"genre_accuracy": None, "genre_ceiling": None, "genre_chance": 1 / len(names)}
    judge = Classifier(beats.hvo, beats.genre, names)
    some = taps[np.linspace(0, len(taps) - 1, min(400, len(taps))).astype(int)]
    known = np.isin(loops.genre, names)
    rates = {}
    default = float(model.manifest.controls["guidance"].default or 1.0)
    for guidance in sorted({1.0, 2.0, 3.0, default}):
        right = []
        for name in names:
            p, v, o = model.predict(some, genre=name, guidance=guidance)
            hits = (p >= 0.5).astype(np.float32)
            right.append(float((judge.names(np.concatenate([hits, v * hits, o * hits], -1)) == name).mean()))
        rates[guidance] = float(np.mean(right))
    return {
        "genre_accuracy": rates[default],
        "genre_ceiling": float((judge.names(loops.hvo[known]) == loops.genre[known]).mean()),
        "genre_chance": 1 / len(names),
        "genre_guidance": default,
        "genre_by_guidance": {f"{g:g}": r for g, r in rates.items()},
    }


def latent(model: Model, taps: Floats) -> dict[str, Any]:
    """Return figures of the latent space.

    kl_nats: mean KL to N(0, I). active_dims: dimensions whose mean varies by more than .01. walk_*: over 200 walks
    of 16 steps between random latents of the split, the hits that flip from step to step: their mean, the 95th
    percentile of each walk's largest, and the mean from end to end; decode_* the same for grooves decoded
    along the straight line, without the evening of `walk`. prior_*: hits of 200 grooves from the prior.
    """
    mean, log_variance = model.latents.encode(taps)
    kl = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(1)
    rng = np.random.default_rng(0)
    flips, largest, ends, raw, raw_largest = [], [], [], [], []
    for _ in range(200):
        i, j = rng.integers(0, len(taps), 2)
        hits = np.stack([g.hits for g in model.walk(mean[i], mean[j], 16)])
        steps = np.abs(np.diff(hits, axis=0)).sum((1, 2))
        flips.append(steps.mean())
        largest.append(steps.max())
        ends.append(np.abs(hits[-1] - hits[0]).sum())
        line = [model.decode(mean[i] + (mean[j] - mean[i]) * np.float32(t)).hits for t in np.linspace(0, 1, 16)]
        steps = np.abs(np.diff(np.stack(line), axis=0)).sum((1, 2))
        raw.append(steps.mean())
        raw_largest.append(steps.max())
    prior = np.array([len(model.random(seed)) for seed in range(200)])
    return {
        "kl_nats": float(kl.mean()),
        "active_dims": int((mean.var(0) > 0.01).sum()),
        "walk_flips_mean": float(np.mean(flips)),
        "walk_flips_p95_max": float(np.percentile(largest, 95)),
        "walk_end_to_end": float(np.mean(ends)),
        "decode_flips_mean": float(np.mean(raw)),
        "decode_flips_p95_max": float(np.percentile(raw_largest, 95)),
        "prior_hits_mean": float(prior.mean()),
        "prior_hits_std": float(prior.std()),
        "prior_empty": int((prior == 0).sum()),
    }


def headline(result: dict[str, Any]) -> dict[str, Any]:
    """Return the figures that a manifest carries: the scores of the model itself, rounded, without the baselines."""

    def short(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: short(v) for k, v in value.items()}
        if isinstance(value, list):
            return [short(v) for v in value]
        return round(value, 4) if isinstance(value, float) else value

    return {k: short(v) for k, v in result.items() if k not in ("baselines", "model")}


_COLUMNS = (
    ("precision", "P"), ("recall", "R"), ("f1", "F1"), ("accuracy", "acc"), ("mcc", "MCC"), ("velocity_mae", "vel MAE"),
    ("offset_mae", "off MAE"), ("density_error", "dens err"), ("agreement", "agree"), ("offset_std_ratio", "off std"),
    ("velocity_mean_ratio", "vel mean"), ("instruments", "instr"),
)  # fmt: skip


def table(result: dict[str, Any]) -> str:
    """Return the figures as a text table."""
    rows = {
        "groove only": result["groove"],
        "true genre": result["genre"],
        "  guided": result["genre_guided"],
        "genre + densities": result["full"],
        "empty pattern": result["baselines"]["empty"],
        "copy the tap": result["baselines"]["copy"],
        "step table": result["baselines"]["table"],
    }
    lines = [f"{result['model']} on {result['loops']} beats of {result['split']}", ""]
    lines.append(" " * 18 + "".join(f"{head:>9}" for _, head in _COLUMNS))
    for name, row in rows.items():
        lines.append(f"{name:<18}" + "".join(f"{row[key]:>9.4f}" for key, _ in _COLUMNS))
    voices = " ".join(f"{f:.3f}" for f in result["groove"]["voice_f1"])
    lines += ["", f"F1 per voice, groove only (K S CH OH LT MT HT CR RD): {voices}"]
    for part in ("controls", "latent"):
        for key, value in result[part].items():
            if isinstance(value, dict):
                value = ", ".join(f"{k} {v:.3f}" for k, v in value.items())
            lines.append(f"{key}: {_short(value)}" if value is not None else f"{key}: needs torch: {install('train')}")
    return "\n".join(lines)


def _short(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def main(argv: Sequence[str] | None = None) -> int:
    """Run `groovelive evaluate` and return the exit code."""
    parser = argparse.ArgumentParser(prog="groovelive evaluate", description="Measure a model on the data.")
    parser.add_argument(
        "--data", metavar="ZIP", required=True, help="the Groove MIDI Dataset (`groovelive data fetch`)"
    )
    parser.add_argument("--split", choices=("validation", "test", "train"), default="validation")
    parser.add_argument("--model", metavar="DIR", help="default: the shipped model")
    parser.add_argument("--limit", metavar="N", type=int, help="measure only N loops")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args(argv)
    if arguments.limit is not None:
        whole("--limit", arguments.limit, 2)
    result = evaluate(
        load(arguments.model), arguments.data, arguments.split, limit=arguments.limit,
        say=lambda text: print(f"{text} …", file=sys.stderr, flush=True) if sys.stderr.isatty() else None,
    )  # fmt: skip
    print(json.dumps(result, indent=1) if arguments.json else table(result))
    return 0
