"""The evaluation room: how like a drummer a drummer plays, to taps and on its own, measured with numpy alone."""

from __future__ import annotations

from .copy_mixture import CopyMixture
from .longform import evaluate_longform, longform_table
from .memorisation import evaluate_memorisation
from .nats import evaluate_player, player_table
from .realism import evaluate_realism, realism_table

__all__ = [
    "CopyMixture",
    "evaluate_longform",
    "evaluate_memorisation",
    "evaluate_player",
    "evaluate_realism",
    "longform_table",
    "player_table",
    "realism_table",
]
