"""What every message to and from a service has in common: arrays, limits, errors, and the fields of all of them.

The messages themselves are in `engine` and `session`; `frames` makes frames of them.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import ArrayLike, NDArray

from ..errors import GrooveError

PROTOCOL = 1  # its version
MAX_ID = 32  # bytes
MAX_REQUEST = 256 * 1024  # bytes of a body
MAX_REPLY = 2 * 1024 * 1024
MAX_DEADLINE = 600_000  # ms
MAX_RANK = 3  # dimensions of an array

Code = Literal[
    "BAD_REQUEST",
    "BAD_VERSION",
    "TOO_LARGE",
    "OUT_OF_RANGE",
    "UNKNOWN_MODEL",
    "UNKNOWN_NAME",
    "UNSUPPORTED",
    "LATE",
    "BUSY",
    "CANCELLED",
    "NO_WORKER",
    "INTERNAL",
]
Priority = Literal["stage", "background"]
Floats = NDArray[np.float32]
Deadline = Annotated[float, Meta(gt=0, le=MAX_DEADLINE)]
Length = Annotated[int, Meta(ge=1, le=1 << 20)]


class EngineError(GrooveError):
    """What the engine, or the way to it, refuses: a code, a sentence, and the field at fault, or "".

    >>> error = EngineError("OUT_OF_RANGE", "density must be a number from 0 to 1, not 2", "density")
    >>> error.code, error.field, str(error)
    ('OUT_OF_RANGE', 'density', 'density must be a number from 0 to 1, not 2')
    """

    def __init__(self, code: Code, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code: Code = code
        self.message = message
        self.field = field

    def __reduce__(self) -> tuple[type[EngineError], tuple[Code, str, str]]:
        return type(self), (self.code, self.message, self.field)


class Array(Struct, frozen=True, forbid_unknown_fields=True):
    """Numbers on the wire: a shape, and the numbers as little-endian float32, the last index fastest.

    >>> Array.of([[0, 0.5]]).numpy().tolist()
    [[0.0, 0.5]]
    """

    shape: Annotated[tuple[Length, ...], Meta(min_length=1, max_length=MAX_RANK)]
    data: bytes

    @classmethod
    def of(cls, values: ArrayLike) -> Array:
        """Pack numbers.

        Raises:
            GrooveError: they have no shape of 1 to 3 dimensions, or one is not finite.
        """
        if not isinstance(values, np.ndarray) or values.dtype != np.float32:
            try:
                with np.errstate(over="ignore"):  # it is told below
                    values = np.asarray(values, np.float32)
            except (TypeError, ValueError) as error:
                raise GrooveError(f"this is no array of numbers: {error}") from None
        if not 1 <= values.ndim <= MAX_RANK or not values.size:
            raise GrooveError(f"an array has 1 to {MAX_RANK} dimensions and is not empty, not {values.shape}")
        array = np.ascontiguousarray(values, "<f4")
        if np.count_nonzero(np.isfinite(array)) < array.size:
            raise GrooveError("an array holds finite numbers; NaN or infinity is among them")
        return cls(array.shape, array.tobytes())

    def numpy(self, field: str = "array") -> Floats:
        """Return the numbers as a read-only float32 array.

        Raises:
            EngineError: there are not as many as the shape says, or one is not finite.
        """
        size = math.prod(self.shape)
        if len(self.data) != 4 * size:
            raise EngineError(
                "BAD_REQUEST",
                f"{field} of the shape {list(self.shape)} takes {4 * size} bytes, but {len(self.data)} came",
                field,
            )
        array = np.frombuffer(self.data, "<f4").reshape(self.shape)
        if np.count_nonzero(np.isfinite(array)) < size:
            message = f"{field} must hold finite numbers; NaN or infinity is among them"
            raise EngineError("OUT_OF_RANGE", message, field)
        return array.astype(np.float32, copy=False)


class Request(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type"):
    """What every request may carry.

    Args:
        deadline: ms from its receipt until an answer is of no use; then it is refused as LATE. None waits.
        priority: "stage" goes before "background", at every step of a long computation.
    """

    deadline: Deadline | None = None
    priority: Priority = "stage"


class Reply(Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type"):
    """What every reply may carry: `spent`, ms from the receipt of the request until its reply left."""

    spent: float = 0.0


class Failure(Reply, frozen=True, kw_only=True, tag="failure"):
    """A request was not served: why, in a code for programs and a sentence for people."""

    code: Code
    message: str
    field: str = ""

    def error(self) -> EngineError:
        """Return it as an exception."""
        return EngineError(self.code, self.message, self.field)


def type_of(message: Request | Reply | type[Request | Reply]) -> str:
    """Return the word that names the type of a message, as in its field "type".

    >>> type_of(Failure)
    'failure'
    """
    return str(message.__struct_config__.tag)
