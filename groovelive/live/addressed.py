"""Plain values that know which control they were read off: `learn(d1.follow)` asks its argument, and nothing else.

`d1.follow` is a float, `d1.genre` a str, weights are a dict and a ramp is a `Line`: each counts, compares, prints and
encodes as such, and has an `address` besides. None, True and False cannot have one: a control that is not set, or is a
switch, is named instead, as `learn(d1, "density")`.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from ..errors import GrooveError
from ..protocol.session import Draft, When
from ..score.edits import Line
from ..score.inputs import Adaptive, Resume


class Writer(Protocol):
    """What edits are given to: a session."""

    def write(self, drafts: Sequence[Draft], when: When | None = None) -> Any:
        """Make edits, due at a time."""
        ...

    def number(self, drummer: str, path: str) -> float:
        """Return the number that a control stands for now."""
        ...


@dataclass(frozen=True, slots=True)
class Address:
    """Which control: of which session, of which drummer ("": of the session itself), by which path.

    Args:
        session: what its edits are given to.
        drummer: its name, or "".
        path: as "density", or "density.hats" of a part.
    """

    session: Writer
    drummer: str
    path: str

    def write(self, value: Any, *, knob: bool = False) -> None:
        """Set the control, or the knob that turns it, at once."""
        path = f"knob.{self.path}" if knob else self.path
        self.session.write([Draft(path, value, self.drummer)], When("now"))


class Addressed:
    """A value that was read off a control; mixed into the class of the plain value."""

    address: Address

    @property
    def plain(self) -> Any:
        """The value alone."""
        raise NotImplementedError

    def resume(self) -> None:
        """Let what led the control before a hand was on it lead it again, at once."""
        self.address.write(Resume())

    def __copy__(self) -> Any:
        return self.plain  # a copy is of the value: a session is neither copied nor pickled

    def __reduce__(self) -> tuple[Any, ...]:
        return bare, (self.plain,)


class AddressedFloat(Addressed, float):
    """A number, such as `d1.follow`."""

    @property
    def plain(self) -> float:
        """The value alone."""
        return float(self)


class AddressedInt(Addressed, int):
    """A whole number, such as `d1.seed`."""

    @property
    def plain(self) -> int:
        """The value alone."""
        return int(self)


class AddressedStr(Addressed, str):
    """A name or a pattern in time, such as `d1.genre`."""

    @property
    def plain(self) -> str:
        """The value alone."""
        return str(self)


class AddressedDict(Addressed, dict[str, float]):
    """Weights over names, such as `d1.genre` may be."""

    @property
    def plain(self) -> dict[str, float]:
        """The value alone."""
        return dict(self)


class _AddressedStruct(Addressed):
    """A frozen struct of the log; it is equal to one without an address."""

    _of: ClassVar[Any]

    @property
    def plain(self) -> Any:
        """The value alone."""
        return self._of(*(getattr(self, name) for name in self._of.__match_args__))

    def __eq__(self, other: object) -> bool:
        return bool(self.plain == bare(other))

    def __hash__(self) -> int:
        return hash(self.plain)

    def __repr__(self) -> str:
        return repr(self.plain)

    def __float__(self) -> float:
        """Return what it is now: `d1.density += .05` adds to that, and so ends the ramp."""
        return self.address.session.number(self.address.drummer, self.address.path)

    def __add__(self, other: float) -> float:
        return float(self) + other

    def __sub__(self, other: float) -> float:
        return float(self) - other

    def __mul__(self, other: float) -> float:
        return float(self) * other

    def __truediv__(self, other: float) -> float:
        return float(self) / other

    __radd__, __rmul__ = __add__, __mul__


class AddressedLine(_AddressedStruct, Line, frozen=True, tag="line", dict=True):
    """A ramp that a control goes along."""

    _of = Line


class AddressedAdaptive(_AddressedStruct, Adaptive, frozen=True, tag="adaptive", dict=True):
    """What a control is set to that follows how densely is played."""

    _of = Adaptive


_KINDS: dict[type, Any] = {float: AddressedFloat, int: AddressedInt, str: AddressedStr, dict: AddressedDict}
_STRUCTS: dict[type, Any] = {Line: AddressedLine, Adaptive: AddressedAdaptive}


def addressed(value: Any, address: Address) -> Any:
    """Return a value that was read off a control with the address of that; None, True and False as they are.

    >>> number = addressed(0.5, Address(None, "d1", "follow"))
    >>> number, number + 1, number.address.path, f"{number:.2f}"
    (0.5, 1.5, 'follow', '0.50')
    """
    kind = type(value)
    if kind in _KINDS:
        made = _KINDS[kind](value)
    elif kind in _STRUCTS:
        made = _STRUCTS[kind](*(getattr(value, name) for name in kind.__match_args__))
    else:
        return value
    made.__dict__["address"] = address
    return made


def bare(value: Any) -> Any:
    """Return a value without its address, and a number of numpy's as Python's: what the log and the wire take.

    >>> bare(np.float32(0.5)), bare("funk")
    (0.5, 'funk')
    """
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and not value.shape):
        return value.item()
    return value.plain if isinstance(value, Addressed) else value


def address_of(control: Any, name: str | None = None) -> Address:
    """Return the address of a control.

    Args:
        control: what was read off it, such as `d1.follow`; a verb of a drummer, `d1.home`; or whose it is.
        name: of the control, where `control` is a drummer, a part of one, or the session.

    Raises:
        GrooveError: the argument does not know it.
    """
    if name is None:
        address = getattr(control, "address", None)
        if isinstance(address, Address):
            return address
        if inspect.ismethod(control):
            control, name = control.__self__, control.__name__
    ask = getattr(control, "_address", None)
    if isinstance(name, str) and callable(ask):
        found = ask(name)
        if isinstance(found, Address):
            return found
    raise GrooveError(
        "say which control: learn(d1.follow), learn(d1.home), learn(live, 'bpm'); one that is not set, or is True or "
        "False, by its name: learn(d1, 'density')"
    )
