"""What can be wrong between this program and Ableton Live, each with its own type."""

from __future__ import annotations

from ..errors import GrooveError


class LiveError(GrooveError):
    """Live, or the script in it, did not do what was asked; the set is as it was.

    Args:
        sentence: what is wrong, and what would be right.
        code: the script's word for it.
    """

    def __init__(self, sentence: str, code: str = "") -> None:
        super().__init__(sentence)
        self.code = code


class NotThere(LiveError):
    """No such track, slot, clip, pad or topic, or no longer (NOT_FOUND)."""


class OutOfRange(LiveError):
    """A number beyond its range, or not finite (OUT_OF_RANGE)."""


class WrongType(LiveError):
    """An argument, or a track or a clip, of the wrong kind (TYPE)."""


class Guarded(LiveError):
    """Not groovelive's to change, or not what it was expected to be (GUARD)."""


class RefusedByLive(LiveError):
    """Live itself refused (LIVE_ERROR)."""


class NotNow(LiveError):
    """Not now (BUSY)."""


class Late(LiveError):
    """The line is too near, or Live launches it already (LATE)."""


class WrongVersion(LiveError):
    """The script in Live is of another version (VERSION, UNKNOWN)."""


class NotOffered(LiveError):
    """What this way to Live cannot do; another one may."""


class LinkDown(LiveError):
    """There is no connection with Live at this moment."""


class NoAnswer(LiveError):
    """Live did not answer in time. It may yet do what was asked: a menu or a dialogue holds it up."""


_TYPES: dict[str, type[LiveError]] = {
    "NOT_FOUND": NotThere, "OUT_OF_RANGE": OutOfRange, "TYPE": WrongType, "GUARD": Guarded, "LIVE_ERROR": RefusedByLive,
    "BUSY": NotNow, "LATE": Late, "VERSION": WrongVersion, "UNKNOWN": WrongVersion,
}  # fmt: skip


def fault(code: str, sentence: str) -> LiveError:
    """Return the error that a code of the protocol stands for.

    >>> fault("GUARD", "slot 0 holds 'Beat', which groovelive did not write")
    Guarded("slot 0 holds 'Beat', which groovelive did not write")
    """
    return _TYPES.get(code, LiveError)(sentence, code)
