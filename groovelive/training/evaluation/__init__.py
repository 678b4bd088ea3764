"""The evaluation room: how like a drummer a drummer plays, to taps and on its own, measured in numpy alone."""

from __future__ import annotations

from .realism import evaluate_realism, realism_table

__all__ = ["evaluate_realism", "realism_table"]
