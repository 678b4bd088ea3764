"""The evaluation room: how like a drummer a drummer plays, to taps and on its own, measured with numpy alone."""

from __future__ import annotations

from .longform import evaluate_longform, longform_table
from .memorisation import evaluate_memorisation
from .realism import evaluate_realism, realism_table

__all__ = ["evaluate_longform", "evaluate_memorisation", "evaluate_realism", "longform_table", "realism_table"]
