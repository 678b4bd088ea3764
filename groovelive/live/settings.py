"""Controls as attributes: what is read is what holds now, or the default; what is set is an edit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from ..checks import is_number, number
from ..errors import GrooveError, closest
from ..grooves.grid import SHORT, VOICES
from ..protocol.session import Draft, When
from ..score.controls import CONTROLS
from ..score.edits import Cycle, Point, Weights
from .addressed import Address, addressed
from .client import SessionClient
from .control_help import TYPICAL, ControlDocs, span
from .latents import Latent, point_of


class Setting(property):
    """A control as an attribute: what is read is what holds now, or the default; `live.pending` has what is planned."""

    def __init__(self, name: str) -> None:
        self.name = name

        def get(self_: Any) -> Any:
            return addressed(self_._get(name), self_._address(name))

        def set(self_: Any, value: Any) -> None:
            self_._set(name, value)

        super().__init__(get, set)
        self.__doc__ = describe(name)


def describe(name: str) -> str:
    """Return the help text of a control: what it does, its range and its default, a typical value and an example.

    >>> print(describe("swing"))
    how late every other 16th, or 8th, is; 1/3 is a triplet's (0..0.5, default 0; or a pattern in time, or a ramp)
    <BLANKLINE>
    Typical: 0.1 to 0.33. Example: d1.swing = 0.2
    """
    about = f"{CONTROLS[name].about} ({span(CONTROLS[name])})"
    typical, example = TYPICAL.get(name, ("", ""))
    return f"{about}\n\nTypical: {typical}. Example: d1.{example}" if typical else about


class Controlled:
    """What has controls: a drummer, or a voice or a group of it."""

    _word: ClassVar[str]  # for it, in sentences
    _live: SessionClient
    _drummer: str
    _part: str

    @property
    def __custom_documentations__(self) -> ControlDocs:
        """The help of the controls, which IPython shows: `d1.density?` tells what it is now."""
        live, part = self._live, f".{self._part}" if self._part else ""
        return ControlDocs(self, self._drummer + part, (self._drummer, lane(part)), live.score.pending(live.present))

    def _path(self, name: str) -> str:
        return f"{name}.{self._part}" if self._part else name

    def _address(self, name: str) -> Address:
        return Address(self._live, self._drummer, self._path(name))

    def _get(self, name: str) -> Any:
        return self._read(name, self._path(name))

    def _read(self, name: str, path: str) -> Any:
        value = self._live.value(self._drummer, lane(path))
        if value is None:
            declared = self._live.model.controls.get(name) if self._live.model is not None else None
            default = CONTROLS[name].default
            value = declared.default if default is None and declared is not None else default
        if CONTROLS[name].kind == "number" and is_number(value):
            return float(value)
        if isinstance(value, Cycle):
            return value.text
        if isinstance(value, Weights):
            return dict(value.of)
        return Latent(self._live, value, self._address(name)) if isinstance(value, Point) else value

    def _set(self, name: str, value: Any) -> None:
        self._write(name, self._typed(name, value))
        is_mirror = self._live.value(self._drummer, "mirror") or self._live.is_planned(self._drummer, "mirror")
        if name == "guidance" and value is not None and not is_mirror:
            self._live.tell(
                f"guidance is of a mirror; {self._drummer} obeys genre as it is: {self._drummer}.mirror = True"
            )

    def _typed(self, name: str, value: Any) -> Any:
        kind = CONTROLS[name].kind
        if value is None:
            return None
        if kind == "genre" and isinstance(value, Mapping):
            try:
                return Weights({str(name): number("a weight", weight) for name, weight in value.items()})
            except GrooveError:
                raise GrooveError(f"genres have numbers as weights: {{'funk': .7, 'jazz': .3}}; not {value}") from None
        if kind == "point":
            return point_of(self._live, value, name)
        if name == "memory" and is_number(value) and value == math.inf:
            return CONTROLS[name].high  # for ever is a number in the log
        return value

    def _write(self, name: str, value: Any, when: When | None = None) -> None:
        self._live.write([Draft(self._path(name), value, self._drummer)], when)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_") or isinstance(getattr(type(self), name, None), property):
            super().__setattr__(name, value)
            return
        if callable(getattr(type(self), name, None)):
            raise AttributeError(f"{name} is a verb of a {self._word}: {name}(), not {name} = …")
        raise AttributeError(self._unknown(name))

    def _unknown(self, name: str) -> str:
        known = [n for n in dir(type(self)) if not n.startswith("_")]
        return f"a {self._word} has no {name!r}{closest(name, known)}"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise AttributeError(self._unknown(name))


def lane(path: str) -> str:
    """Return a path as the score has it: with the long name of a voice."""
    name, _, part = path.partition(".")
    return f"{name}.{VOICES[SHORT.index(part)]}" if part in SHORT else path
