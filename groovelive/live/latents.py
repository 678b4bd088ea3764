"""Latents: points of the latent space that a performer can name, add and scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import is_number
from ..errors import GrooveError
from ..grooves.groove import Groove
from ..score.edits import Point, of_groove
from .addressed import Address
from .client import SessionClient

Floats = NDArray[np.float32]


class Latent:
    """A point of the latent space: named, or a vector that can be added to others and scaled.

    Args:
        live: the session whose model gives a name its place.
        point: what it is.
        address: of the control that it was read off, if it was.

    >>> import groovelive as gl
    >>> live = gl.open(realtime=False)
    >>> middle = 0.5 * gl.z("late night") + 0.5 * gl.z.random(3)
    >>> middle.vector().shape
    (64,)
    """

    __slots__ = ("_live", "address", "point")

    def __init__(self, live: SessionClient, point: Point, address: Address | None = None) -> None:
        self._live, self.point, self.address = live, point, address

    def vector(self) -> Floats:
        """Return it as numbers (z,)."""
        if self.point.z:
            return np.frombuffer(self.point.z, np.float32)
        return self._live.locate(self.point)

    def _of(self, vector: ArrayLike) -> Latent:
        array = np.ascontiguousarray(vector, np.float32)
        if not np.isfinite(array).all():
            raise GrooveError("a latent holds finite numbers; NaN or infinity is among these")
        return Latent(self._live, Point(z=array.tobytes()))

    def __add__(self, other: Latent) -> Latent:
        if not isinstance(other, Latent):
            return NotImplemented
        return self._of(self.vector() + other.vector())

    def __sub__(self, other: Latent) -> Latent:
        if not isinstance(other, Latent):
            return NotImplemented
        return self._of(self.vector() - other.vector())

    def __mul__(self, factor: float) -> Latent:
        if not is_number(factor):
            return NotImplemented
        return self._of(self.vector() * np.float32(factor))

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> Latent:
        if not divisor:
            raise GrooveError("a latent cannot be divided by 0")
        return self * (1 / divisor)

    def __neg__(self) -> Latent:
        return self * -1.0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Latent) and self.point == other.point

    def __hash__(self) -> int:
        return hash((self.point.name, self.point.z, self.point.notes))

    def __repr__(self) -> str:
        if self.point.name:
            return f"z({self.point.name!r})"
        if self.point.notes:
            return "z(a rhythm)"
        vector = self.vector()
        return f"z({len(vector)} numbers, length {float(np.linalg.norm(vector)):.2f})"


def point_of(live: SessionClient, value: Any, what: str = "a point") -> Point:
    """Return the point that a performer means: a Latent, a name, numbers (z,), or a rhythm of two bars.

    Raises:
        GrooveError: it is none of these.
    """
    if isinstance(value, Latent):
        return value.point
    if isinstance(value, Point):
        return value
    if isinstance(value, Groove):
        if value.bars != 2:
            raise GrooveError(f"a rhythm that stands for {what} lasts two bars, not {value.bars}")
        return Point(notes=of_groove(value))
    if isinstance(value, str):
        model = live.model
        if model is not None and value not in model.presets and value not in model.genres and _is_rhythm(value):
            return Point(notes=of_groove(Groove.parse(value)))
        return Point(name=str(value))
    try:
        array = np.ascontiguousarray(value, np.float32)
    except (TypeError, ValueError):
        raise GrooveError(f"{what} is a latent, the name of a preset, or a rhythm; not {value!r}") from None
    if array.ndim != 1 or not np.isfinite(array).all():
        raise GrooveError(f"{what} of numbers is one row of finite ones, not {array.shape}")
    return Point(z=array.tobytes())


def _is_rhythm(text: str) -> bool:
    if text.replace(" ", "").replace("-", "").isalpha():
        return False
    try:
        Groove.parse(text)
    except GrooveError:
        return False
    return True
