"""The inputs of the conductor: a process that reads MIDI ports, and nothing else."""

from __future__ import annotations

from .inputs import Inputs, PortMessage

__all__ = ["Inputs", "PortMessage"]
