"""The figures of a drummer's answers to one set of taps."""

from __future__ import annotations

from typing import Any

import numpy as np

from .features import (
    HITS,
    TIMING,
    VELOCITIES,
    Array,
    FeatureTable,
    Floats,
    both_hats,
    loop_features,
    matrix,
    plays,
    three_hands,
    three_struck,
)
from .judge import tell_apart
from .measures import between_groups, four_groups, frechet, hits_f1, overlap, phi
from .sets import InputSet
from .taps import answer_features
from .voices import KICK, SNARE, TIME_KEEPERS

# Whose means are told beside the real ones.
MEANS = (
    "h_hits", "h_voices", "h_kick_on_1", "h_backbeat", "h_time_steps", "h_time_8ths", "h_time_regular",
    "h_silent_steps", "h_poly", "h_three_hands", "h_bar_same", "h_bar_equal", "h_sync_kick", "h_sync_time",
    "h_open_hat", "h_crash", "h_toms", "h_fill_last_beat", "h_kick_with_snare", "v_ghosts", "v_mean", "v_std",
    "v_std_kick", "v_std_snare", "v_std_time", "v_backbeat", "t_std", "t_std_kick", "t_std_snare", "t_std_time",
    "t_abs", "t_swing", "t_mean_kick", "t_mean_snare", "t_mean_time", "t_on_grid",
)  # fmt: skip


def judge_answers(one: InputSet, answers: Floats) -> dict[str, Any]:
    """Measure the answers to one set.

    Returns:
        n; auc_hits, auc_velocity, auc_timing, auc_all: how well a judge tells them from real loops; tell_hits,
        tell_all: by which features; auc_pair: the judge sees hits and how they lie on the tap (sets with a truth
        only); frechet, frechet_hits, overlap (of 72 features; also by kind, and the worst); mean: of telling
        features; cover: how the answers lie on the tap; hands: what two hands cannot play; f1 and f4 against the
        truth; between_inputs: how far apart answers to unlike taps are.
    """
    real, made = loop_features(one.real), loop_features(answers)
    answered = answer_features(one.taps, answers)
    answered_truth = None if one.truth is None else answer_features(one.taps, one.truth)
    result: dict[str, Any] = {"n": len(answers)}
    result |= _judged(one, real, made, answered, answered_truth)
    result |= _distances(real, made)
    result["mean"] = {_short(name): [_mean(made[name]), _mean(real[name])] for name in MEANS}
    result["cover"] = _cover(one, answers, answered, answered_truth)
    result["hands"] = hands(answers, one.real)
    if one.truth is not None:
        result |= truth_f1(one, answers)
    random = np.random.default_rng(0)
    sides = ((answers, one.groups), (one.real, one.real_groups))
    result["between_inputs"] = [between_groups(loops[..., :9] > 0.5, groups, random) for loops, groups in sides]
    return result


def _judged(
    one: InputSet, real: FeatureTable, made: FeatureTable, answered: FeatureTable, answered_truth: FeatureTable | None
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    kinds = {"hits": HITS, "velocity": VELOCITIES, "timing": TIMING, "all": HITS + VELOCITIES + TIMING}
    for kind, prefixes in kinds.items():
        (a, names), (b, _) = matrix(real, prefixes), matrix(made, prefixes)
        verdict = tell_apart(a, b, one.real_groups, one.groups)
        result[f"auc_{kind}"] = verdict.auc
        if kind in ("hits", "all"):
            result[f"tell_{kind}"] = verdict.tells(names)
    if answered_truth is not None:
        a = np.concatenate([matrix(real, HITS)[0], matrix(answered_truth, ("c_",))[0]], 1)
        b = np.concatenate([matrix(made, HITS)[0], matrix(answered, ("c_",))[0]], 1)
        result["auc_pair"] = tell_apart(a, b, one.real_groups, one.groups).auc
    return result


def _distances(real: FeatureTable, made: FeatureTable) -> dict[str, Any]:
    (a, names), (b, _) = matrix(real, ("h_", "v_", "t_")), matrix(made, ("h_", "v_", "t_"))
    shared = {name: overlap(real[name], made[name]) for name in names}
    result: dict[str, Any] = {
        "frechet": frechet(a, b),
        "frechet_hits": frechet(matrix(real, ("h_",))[0], matrix(made, ("h_",))[0]),
        "overlap": float(np.mean(list(shared.values()))),
    }
    for prefix, kind in (("h_", "hits"), ("v_", "velocity"), ("t_", "timing")):
        result[f"overlap_{kind}"] = float(np.mean([area for name, area in shared.items() if name.startswith(prefix)]))
    result["overlap_worst"] = {
        name: round(shared[name], 2) for name in sorted(shared, key=lambda name: shared[name])[:8]
    }
    return result


def _cover(
    one: InputSet, answers: Floats, answered: FeatureTable, answered_truth: FeatureTable | None
) -> dict[str, list[float | None]]:
    cover: dict[str, list[float | None]] = {
        name[2:]: [_mean(values), None if answered_truth is None else _mean(answered_truth[name])]
        for name, values in answered.items()
    }
    on = one.taps[..., 0] > 0
    for name, voices in (("kick", [KICK]), ("snare", [SNARE]), ("time", TIME_KEEPERS)):
        sides = (answers, one.truth)
        cover[f"phi_{name}"] = [None if side is None else phi(on, plays(side[..., :9] > 0.5, voices)) for side in sides]
    return cover


def hands(made: Floats, real: Floats) -> dict[str, list[float]]:
    """Count the steps of a loop that are hard to play, on the average, on either side.

    Returns:
        three_hands: more than two voices beside the kick, the closed hat among them; three_hands_and_foot: those of
            them
        that need three hands even where a foot plays the closed hat; both_hats: an open and a closed hat together.
    """
    sides = [loops[..., :9] > 0.5 for loops in (made, real)]
    kinds = {"three_hands": three_struck, "three_hands_and_foot": three_hands, "both_hats": both_hats}
    return {name: [float(steps(hits).sum(1).mean()) for hits in sides] for name, steps in kinds.items()}


def truth_f1(one: InputSet, answers: Floats) -> dict[str, float]:
    """Return the F1 of hits against the truth: f1 over nine voices, f4 over four groups of them."""
    assert one.truth is not None
    played, truth = answers[..., :9] > 0.5, one.truth[..., :9] > 0.5
    return {"f1": hits_f1(played, truth), "f4": hits_f1(four_groups(played), four_groups(truth))}


def _mean(values: Array) -> float | None:
    return float(np.nanmean(values)) if np.isfinite(values).any() else None


def _short(name: str) -> str:
    return name.removeprefix("h_")
