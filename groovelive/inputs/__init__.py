"""The ears of the conductor: a process that reads MIDI ports, and nothing else."""

from __future__ import annotations

from .inputs import Heard, Inlets

__all__ = ["Heard", "Inlets"]
