"""A judge that learns to tell generated loops from real ones: boosted oblivious trees, in numpy.

It is small on purpose: what it tells apart, a listener could name (`Verdict.tells`). An AUC of .5 says that it cannot
tell, 1 that it always can. Two random halves of the real test performances score .39 to .61, so read differences with
care.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .features import Array, Floats
from .measures import auc

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """How well a judge told two samples apart.

    Args:
        auc: mean over the folds; NaN where no fold had both kinds.
        asked: for each feature's index, how often the trees asked for it.
    """

    auc: float
    asked: Counter[int]

    def tells(self, names: list[str], most: int = 6) -> list[str]:
        """Return the names of the features that were asked for most often."""
        return [names[index] for index, _ in sorted(self.asked.items(), key=lambda item: -item[1])[:most]]


class TreeJudge:
    """Gradient boosting of oblivious trees on features cut at their quantiles.

    All nodes of one depth of an oblivious tree ask the same question, so that a tree of depth 3 is three questions and
    eight values. NaN is a level of its own: it answers no to every question, also to that whether a value is known.

    Args:
        trees: how many trees are grown.
        depth: questions of a tree.
        rate: how much of each tree's correction is taken.
        bins: a feature is cut at its quantiles into so many parts.
        ridge: added to each leaf's curvature: few examples in a leaf say little.
        share: the share of all questions that each tree may choose from.
        seed: of that choice.
    """

    def __init__(
        self,
        trees: int = 140,
        depth: int = 3,
        rate: float = 0.15,
        bins: int = 12,
        ridge: float = 3.0,
        share: float = 0.5,
        seed: int = 0,
    ) -> None:
        self.trees, self.depth, self.rate, self.bins = trees, depth, rate, bins
        self.ridge, self.share, self.seed = ridge, share, seed
        self._feature = np.zeros(0, int)
        self._threshold = np.zeros(0)
        self._grown: list[tuple[list[int], NDArray[np.float64]]] = []

    def fit(self, x: Floats, labels: Floats, weights: Floats) -> Self:
        """Learn from examples.

        Args:
            x: (n, k) features.
            labels: (n,) 1 for generated, 0 for real.
            weights: (n,) how much each example counts.

        Returns:
            The judge itself.
        """
        rng = np.random.default_rng(self.seed)
        self._set_questions(x)
        answers = self._answers(x)
        log_odds = np.zeros(len(labels))
        self._grown = []
        for _ in range(self.trees):
            p = 1 / (1 + np.exp(-log_odds))
            slope, curvature = weights * (labels - p), weights * p * (1 - p)
            allowed = np.flatnonzero(rng.random(answers.shape[1]) < self.share)
            chosen, leaf = self._questions_of_tree(answers[:, allowed], slope, curvature)
            leaves = 1 << self.depth
            totals = np.bincount(leaf, slope, leaves), np.bincount(leaf, curvature, leaves)
            values = self.rate * totals[0] / (totals[1] + self.ridge)
            log_odds += values[leaf]
            self._grown.append(([int(allowed[j]) for j in chosen], values))
        return self

    def score(self, x: Floats) -> NDArray[np.float64]:
        """Return the log odds (n,) that examples (n, k) are generated."""
        answers, log_odds = self._answers(x), np.zeros(len(x))
        for chosen, values in self._grown:
            leaf = np.zeros(len(x), int)
            for question in chosen:
                leaf = leaf * 2 + answers[:, question].astype(int)
            log_odds += values[leaf]
        return log_odds

    def asked(self) -> Counter[int]:
        """Count how often each feature, by its index, is asked for."""
        return Counter(int(self._feature[question]) for chosen, _ in self._grown for question in chosen)

    def _set_questions(self, x: Floats) -> None:
        """Fix the questions "is feature j above the threshold c?"; at c = -inf that is whether it is known."""
        questions = []
        for j in range(x.shape[1]):
            known = x[np.isfinite(x[:, j]), j]
            steps = np.linspace(0, 1, self.bins + 1)[1:-1]
            cuts = np.unique(np.quantile(known, steps)) if len(known) else np.zeros(0)
            questions += [(j, c) for c in (-np.inf, *cuts)]
        self._feature = np.array([j for j, _ in questions], int)
        self._threshold = np.array([c for _, c in questions], float)

    def _answers(self, x: Floats) -> NDArray[np.float32]:
        with np.errstate(invalid="ignore"):
            return (x[:, self._feature] > self._threshold).astype(np.float32)

    def _questions_of_tree(
        self, answers: NDArray[np.float32], slope: Floats, curvature: Floats
    ) -> tuple[list[int], NDArray[np.int_]]:
        """Choose, depth by depth, the question that gains most over all nodes; return them and each example's leaf."""
        n = len(answers)
        leaf = np.zeros(n, int)
        chosen: list[int] = []
        for depth in range(self.depth):
            nodes = 1 << depth
            by_node = np.zeros((2 * nodes, n), np.float32)
            by_node[leaf, np.arange(n)] = slope
            by_node[nodes + leaf, np.arange(n)] = curvature
            of_yes, total = by_node @ answers, by_node.sum(1, keepdims=True)
            slope_yes, curvature_yes = of_yes[:nodes], of_yes[nodes:]
            slope_no, curvature_no = total[:nodes] - slope_yes, total[nodes:] - curvature_yes
            gain = slope_yes**2 / (curvature_yes + self.ridge) + slope_no**2 / (curvature_no + self.ridge)
            best = int(gain.sum(0).argmax())
            chosen.append(best)
            leaf = leaf * 2 + answers[:, best].astype(int)
        return chosen, leaf


def folds_by_group(groups: Array, folds: int = FOLDS, seed: int = 0) -> NDArray[np.int_]:
    """Return a fold (n,) for each example: groups stay whole; in random order each goes to the emptiest fold."""
    rng = np.random.default_rng(seed)
    names, inverse, count = np.unique(groups, return_inverse=True, return_counts=True)
    load, fold = np.zeros(folds), np.zeros(len(names), int)
    for group in rng.permutation(len(names)):
        fold[group] = load.argmin()
        load[fold[group]] += count[group]
    return fold[inverse]


def tell_apart(real: Floats, made: Floats, real_groups: Array, made_groups: Array, seed: int = 0) -> Verdict:
    """Judge how well generated loops are told from real ones by judges that never saw their groups.

    Args:
        real: (n, k) features of real loops.
        made: (m, k) features of generated loops.
        real_groups: (n,) performances, songs or rhythms; loops of one group fall into one fold.
        made_groups: (m,) likewise. Where both samples have the same groups in the same order, they share the folds.
        seed: of the folds and the judges.
    """
    x = np.concatenate([real, made])
    labels = np.r_[np.zeros(len(real)), np.ones(len(made))]
    real_fold, made_fold = folds_by_group(real_groups, seed=seed), folds_by_group(made_groups, seed=seed)
    fold = np.r_[real_fold, real_fold if np.array_equal(real_groups, made_groups) else made_fold]
    n = len(labels)
    weights = np.where(labels > 0, n / (2 * labels.sum()), n / (2 * (1 - labels).sum()))
    areas: list[float] = []
    asked: Counter[int] = Counter()
    for k in range(FOLDS):
        seen, held = fold != k, fold == k
        if _both_kinds(labels[held]) and _both_kinds(labels[seen]):
            judge = TreeJudge(seed=seed).fit(x[seen], labels[seen], weights[seen])
            areas.append(auc(judge.score(x[held]), labels[held]))
            asked.update(judge.asked())
    return Verdict(float(np.mean(areas)) if areas else float("nan"), asked)


def _both_kinds(labels: Floats) -> bool:
    return bool(0 < labels.sum() < len(labels))
