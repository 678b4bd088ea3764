"""A voice or a group of a drummer, as a performer sees it."""

from __future__ import annotations

from typing import Any

from ..grooves.grid import GROUPS
from ..protocol.session import Draft, When
from .client import SessionClient
from .settings import Controlled, Setting, lane
from .stage_words import MixWords

_NOW = When("now")
_PER_VOICE = ("density", "threshold", "max_hits", "velocity", "nudge")


class DrumPart(MixWords):
    """A voice or a group of a drummer: `d1.bd`, `d1.hats`."""

    _word = "part"

    density = Setting("density")
    threshold = Setting("threshold")
    max_hits = Setting("max_hits")
    velocity = Setting("velocity")
    nudge = Setting("nudge")

    def __init__(self, live: SessionClient, drummer: str, part: str) -> None:
        self._live, self._drummer, self._part = live, drummer, part

    def _write(self, name: str, value: Any, when: When | None = None) -> None:
        if name == "density":  # a group has one density, not each of its voices
            paths = [lane(f"density.{self._part}")]
        else:
            paths = [f"{name}.{voice}" for voice in self._voices()]
        self._live.write([Draft(path, value, self._drummer) for path in paths], when)

    def _get(self, name: str) -> Any:
        if name != "density" and self._part in GROUPS:
            return self._read(name, f"{name}.{self._voices()[0]}")
        return super()._get(name)

    def lock(self) -> DrumPart:
        """Let it stay as it is, while the others go on changing."""
        self._write("lock", True, _NOW)
        return self

    def unlock(self) -> DrumPart:
        """Let it change again."""
        self._write("lock", False, _NOW)
        return self

    def __repr__(self) -> str:
        values = {name: self._live.value(self._drummer, lane(f"{name}.{self._part}")) for name in _PER_VOICE}
        told = ", ".join(f"{name} {value}" for name, value in values.items() if value is not None)
        return f"{self._drummer}.{self._part}{': ' + told if told else ''}"


def part_of(name: str) -> property:
    """Return a voice or a group as an attribute of a drummer."""

    def get(self: Controlled) -> DrumPart:
        return DrumPart(self._live, self._drummer, name)

    return property(get, doc=f"The {'group' if name in GROUPS else 'voice'} {name} of the drummer.")
