"""Nats of real takes: how they are averaged, and the copy mixture that they are read beside."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from groovelive.errors import GrooveError
from groovelive.training.evaluation import CopyMixture, evaluate_player, player_table
from groovelive.training.evaluation.nats import StepNats, mean_nats, offset_class, velocity_class
from groovelive.training.evaluation.takes import DrumTake, read_takes


class Unsure:
    """Finds every set, velocity and offset as likely as any other."""

    def nats(self, take: DrumTake, told: str) -> StepNats:
        hits = int(take.hvo[:, :9].sum())
        return StepNats(np.full(len(take.hvo), np.log(512)), np.full(hits, np.log(16)), np.full(hits, np.log(32)))


def test_classes_cover_the_ranges() -> None:
    assert velocity_class(np.array([0.0, 1 / 127, 8 / 127 + 1e-6, 1.0])).tolist() == [0, 0, 1, 15]
    assert offset_class(np.array([-0.5, 0.0, 0.4999])).tolist() == [0, 16, 31]


def test_means_are_told_by_bar(beat) -> None:
    take = DrumTake(beat(5, 0), "rock", 100, 0)
    hits = int(take.hvo[:, :9].sum())
    scored = StepNats(np.repeat(np.arange(5.0), 16), np.full(hits, 2.0), np.full(hits, 3.0))
    means = mean_nats([take], [scored])
    assert (means["hits"], means["velocity"], means["offset"], means["steps"]) == (2, 2, 3, 80)
    assert means["by_bar"][:4] == [0, 1, 2.5, 4]
    assert np.isnan(means["by_bar"][4:]).all()
    with pytest.raises(GrooveError, match="80 steps"):
        mean_nats([take], [StepNats(np.zeros(3), scored.velocities, scored.offsets)])


def test_the_copy_mixture_foresees_what_repeats(beat) -> None:
    takes = [DrumTake(beat(16, seed, 0.01), "rock", 100, seed) for seed in range(8)]
    mixture = CopyMixture(takes)
    assert mixture.weights.sum() == pytest.approx(1)
    steady = mixture.nats(DrumTake(beat(16, 50, 0.01), "rock", 100, 50), "nothing")
    wild = mixture.nats(DrumTake(beat(16, 51, 0.3), "unknown", 100, 51), "nothing")
    assert steady.hits.mean() < 1 < wild.hits.mean()
    assert np.isfinite(wild.hits).all()
    assert steady.hits.min() >= 0 and steady.velocities.min() > 0


def test_a_player_is_measured_beside_it(archive: Path, tmp_path: Path) -> None:
    result = evaluate_player(Unsure(), archive, baseline=CopyMixture, model="unsure", cache=tmp_path)
    assert result["nothing"] == result["locks"]
    assert result["nothing"]["hits"] == pytest.approx(np.log(512))
    assert result["baseline"]["hits"] < result["nothing"]["hits"]
    assert [goal["met"] for goal in result["goals"]] == [False] * 4
    json.dumps(result, allow_nan=False)
    assert "unsure: 3 takes of validation" in player_table(result)
    assert len(read_takes(archive, "validation")) == 3
