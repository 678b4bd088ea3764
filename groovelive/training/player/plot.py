"""A picture of a training run, from its metrics.jsonl."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import GrooveError
from ...runtime.hints import install


def plot_metrics(metrics: str | PathLike[str], picture: str | PathLike[str]) -> Path:
    """Draw the nats of the batches (a running mean) and of the held-out takes over the updates.

    Args:
        metrics: the metrics.jsonl of a run.
        picture: where to write it; its ending says what kind it is (.png, .svg, .pdf).

    Raises:
        GrooveError: there are no metrics, or matplotlib is not installed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise GrooveError(f"a picture of the training needs matplotlib: {install('train')}") from None
    try:
        lines: list[dict[str, Any]] = [json.loads(line) for line in Path(metrics).read_text("utf-8").splitlines()]
    except FileNotFoundError:
        raise GrooveError(f"there are no metrics {str(metrics)!r}; training writes them") from None
    if not lines:
        raise GrooveError(f"{Path(metrics).name} is empty; it is written as the training goes on")
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.5), layout="constrained")
    at = np.array([line["update"] for line in lines])
    span = min(50, len(lines))
    for axis, (key, title) in zip(
        axes,
        (("sets", "hits, nats a step"), ("velocities", "velocity, nats a hit"), ("offsets", "offset, nats a hit")),
        strict=True,
    ):
        mean = np.convolve([line[key] for line in lines], np.ones(span) / span, "valid")
        axis.plot(at[span - 1 :], mean, lw=0.8, label="batches")
        for name in ("alone", "rhythm"):
            held = [(line["update"], line[name][key]) for line in lines if name in line]
            axis.plot(*zip(*held, strict=True) if held else ([], []), "o-", ms=3, label=f"held out, {name}")
        axis.set(title=title, xlabel="update")
    axes[0].legend()
    figure.savefig(picture)
    plt.close(figure)
    return Path(picture)
