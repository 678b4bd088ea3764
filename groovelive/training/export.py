"""From a trained network to a model folder: ONNX files, decoding fixed on validation, directions, presets."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from ..grooves.groove import Groove
from ..model import manifest
from ..model.decoding import Bools, choose, sigmoid
from ..model.model import Model
from ..model.network import ROLES
from . import data, metrics
from .checkpoint import modules
from .net import GrooveNet

Floats = NDArray[np.float32]
VERSION = "1"  # of the shipped weights
FILES = {"drum": "drum.onnx", "encode": "encode.onnx", "recall": "recall.onnx", "hear": "hear.onnx"}

# What a preset has to be beside typical of its genre; sums over hits (32, 9) and mean velocity.
_WANTS: dict[str, Callable[[Groove], float]] = {
    "halftime": lambda g: float(g.hits[[8, 24], 1].sum() - 2 * g.hits[[4, 12, 20, 28], 1].sum()),
    "late night": lambda g: -4 * float(g.velocities.sum() / max(len(g), 1)),
    "four on the floor": lambda g: float(g.hits[::4, 0].sum()) / 2,
    "tom ride": lambda g: min(float(g.hits[:, 4:7].sum()), 12) / 3,
}
PRESETS: dict[str, tuple[str, ...]] = {
    "rock": ("straight ahead", "halftime", "tom ride"),
    "funk": ("tight pocket", "ghost notes"),
    "jazz": ("late night", "ride out"),
    "latin": ("plaza", "carnival"),
    "hiphop": ("head nod", "boom"),
    "afrobeat": ("lagos", "open air"),
    "afrocuban": ("clave", "callejon"),
    "neworleans": ("second line", "street parade"),
    "dance": ("four on the floor", "after hours"),
    "soul": ("backbeat", "slow burn"),
    "reggae": ("one drop",),
    "pop": ("radio",),
    "punk": ("basement",),
    "blues": ("shuffle",),
    "country": ("train beat",),
    "gospel": ("sunday",),
    "highlife": ("coast road",),
    "middleeastern": ("caravan",),
}


def write_onnx(net: GrooveNet, folder: Path) -> None:
    """Write drum.onnx, encode.onnx, recall.onnx and hear.onnx of a network into `folder`."""
    c = net.config
    genre = torch.eye(len(c.genres) + 1)[-1:]
    row = {"tap": torch.zeros(1, 32, 3), "z": torch.zeros(1, c.latent), "genre": genre}
    row |= {"density": torch.zeros(1, 6), "known": torch.zeros(1, 6)}
    for role, module in modules(net).items():
        inputs, outputs = ROLES[role]
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the tracer's remarks on constants, which are meant to be constants
            torch.onnx.export(
                module, tuple(row[name] for name in inputs), str(folder / FILES[role]), input_names=list(inputs),
                output_names=list(outputs), dynamic_axes={name: {0: "n"} for name in (*inputs, *outputs)},
                opset_version=17, dynamo=False,
            )  # fmt: skip


def write_model(
    net: GrooveNet, folder: Path, train: data.Loops, validation: data.Loops, sources: tuple[str, ...]
) -> manifest.Manifest:
    """Write a whole model folder: ONNX files, manifest.json and presets.json.

    What turns probabilities into hits (bias, thresholds, rare voices, centring) is chosen on `validation` alone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_onnx(net, folder)
    genres = net.config.genres
    first = manifest.Manifest(
        format=manifest.FORMAT, name="groove", version=VERSION, files=FILES, genres=genres, latent=net.config.latent,
        controls=manifest.CONTROLS, bias=(0.0,) * 9, thresholds=(0.5,) * 9, rare=(1.0, 9.0), centring=0.0,
        directions={}, figures={}, about="A tap in, nine voices of drums out; 32 steps of a 16th, 4/4.",
        licence="MIT (weights), trained on data under CC BY 4.0", data=sources, attribution=data.ATTRIBUTION,
    )  # fmt: skip
    save(first, folder)
    model = Model(folder)
    chosen = msgspec.structs.replace(first, **_decoding(model, validation))
    save(chosen, folder)
    model = Model(folder)
    chosen = msgspec.structs.replace(chosen, directions=_directions(model, train))
    save(chosen, folder)
    rows = _presets(Model(folder), train)
    (folder / "presets.json").write_bytes(msgspec.json.encode(rows))
    return chosen


def save(m: manifest.Manifest, folder: Path) -> None:
    """Write manifest.json into a model's folder."""
    (folder / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode(m), indent=1))


def _decoding(model: Model, validation: data.Loops) -> dict[str, Any]:
    """Choose bias, rare-voice rule and centring on the validation beats, with nothing known but the tap.

    The bias of each voice is climbed coordinate by coordinate for F1 less a tenth of a point for each 1 % by which
    the number of hits is off; then the rare-voice rule is the mildest that brings the instruments per loop
    to 95 % of the data's (more costs F1), and centring the strongest that costs at most .003 of F1.
    """
    loops = validation.where(validation.beat)
    hvo = loops.hvo
    truth = hvo[..., :9] > 0
    taps = np.stack([Groove.from_hvo(x).tap() for x in hvo])
    asked = model.arguments.conditioning()
    parts = [model.network.run(t, [asked] * len(t))[0] for t in np.array_split(taps, -(-len(taps) // 512))]
    p = sigmoid(np.concatenate(parts))
    on = taps[:, :, :1] > 0

    def goal(thresholds: Floats) -> float:
        played = (p >= thresholds) & on
        best = p == p.max(-1, keepdims=True)
        played |= best & on & ~played.any(-1, keepdims=True)
        return metrics.f1(played, truth) - 0.1 * abs(played.sum() / truth.sum() - 1)

    thresholds = np.full(9, 0.38, np.float32)
    for _ in range(2):
        for voice in range(9):
            tries = []
            for t in np.arange(0.3, 0.5, 0.02, dtype=np.float32):
                trial = thresholds.copy()
                trial[voice] = t
                tries.append((goal(trial), -abs(float(t) - 0.38), float(t)))
            thresholds[voice] = max(tries)[2]
    bias = np.log(thresholds / (1 - thresholds))
    shifted = sigmoid(np.log(np.clip(p, 1e-7, 1 - 1e-7) / (1 - np.clip(p, 1e-7, 1 - 1e-7))) - bias)
    half, odds = np.full(9, 0.5, np.float32), np.exp(-bias).astype(np.float32)

    def played(rare: tuple[float, float], centring: float) -> Bools:
        rows = [choose(a, t[:, 0], half, rare, centring, odds) for a, t in zip(shifted, taps, strict=True)]
        return np.stack(rows)

    rare = (1.0, 9.0)
    wanted = 0.95 * truth.any(1).sum(1).mean()
    for least in np.arange(0.5, 0.24, -0.02):
        rare = (round(float(least), 2), 0.7)
        if played(rare, 0.0).any(1).sum(1).mean() >= wanted:
            break
    best, centring = metrics.f1(played(rare, 0.0), truth), 0.0
    for pull in (0.2, 0.4, 0.6, 0.8, 1.0):
        if metrics.f1(played(rare, pull), truth) >= best - 0.003:
            centring = pull
    return {"bias": tuple(round(float(b), 4) for b in bias), "rare": rare, "centring": centring}


def _directions(model: Model, train: data.Loops) -> dict[str, tuple[float, ...]]:
    """Return the mean change of z with one standard deviation of each attribute, over the training taps."""
    grooves = [Groove.from_hvo(x) for x in train.hvo[::4]]
    taps = np.stack([g.tap() for g in grooves])
    z = np.concatenate([model.latents.encode(t)[0] for t in np.array_split(taps, -(-len(taps) // 512))])
    features = [g.features() for g in grooves]
    attributes: dict[str, list[float]] = {
        "density": [sum(f.counts) for f in features],
        "syncopation": [f.syncopation for f in features],
        "swing": [f.swing for f in features],
        "energy": [float(g.velocities.sum()) for g in grooves],
    }
    z = z - z.mean(0)
    result = {}
    for name, values in attributes.items():
        x = np.nan_to_num(np.array(values, np.float64), nan=float(np.nanmedian(values)))
        x = (x - x.mean()) / max(float(x.std()), 1e-6)
        result[name] = tuple(round(float(d), 5) for d in (z * x[:, None]).mean(0))
    return result


def _presets(model: Model, train: data.Loops) -> list[manifest.PresetRow]:
    """Choose a few latents of each genre: their drums typical of the genre's, and far from those chosen before.

    Typical: correlation of the hits with the genre's mean hits per cell. Diverse: share of hits not in common with
    the nearest preset of the genre so far. Candidates are the latents of real taps of the genre.
    """
    rows: list[manifest.PresetRow] = []
    rng = np.random.default_rng(0)
    for genre, names in PRESETS.items():
        if genre not in model.genres:
            continue
        members = np.flatnonzero((train.genre == genre) & (train.hvo[..., :9].sum((1, 2)) >= 16))
        members = rng.permutation(members)[:200]
        mean = train.hvo[train.genre == genre][..., :9].mean(0).ravel()
        z = model.latents.encode(np.stack([Groove.from_hvo(train.hvo[i]).tap() for i in members]))[0].round(3)
        grooves = [model.decode(one, genre=genre) for one in z]
        hits = np.stack([g.hits.ravel() for g in grooves])
        typical = np.array([np.corrcoef(h, mean)[0, 1] if h.std() else -1.0 for h in hits])
        chosen: list[int] = []
        for name in names:
            extra = np.array([_WANTS[name](g) for g in grooves]) if name in _WANTS else np.zeros(len(grooves))
            far = np.ones(len(grooves))
            for c in chosen:
                common = (hits * hits[c]).sum(1) / np.maximum(np.maximum(hits, hits[c]).sum(1), 1)
                far = np.minimum(far, 1 - common)
            best = int(np.argmax(typical + 0.8 * far + extra))
            chosen.append(best)
            notes = tuple((n.step, n.voice, round(n.velocity, 3), round(n.offset, 3)) for n in grooves[best])
            rows.append(manifest.PresetRow(name, genre, tuple(float(v) for v in z[best]), notes))

    return rows
