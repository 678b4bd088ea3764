"""The outputs of the conductor: processes that send each note at its moment, and nothing else."""

from __future__ import annotations

from .devices import audio_device, midi_ports, no_sound
from .frames import Counts, Due
from .outputs import Outputs

__all__ = ["Counts", "Due", "Outputs", "audio_device", "midi_ports", "no_sound"]
