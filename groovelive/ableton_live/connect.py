"""Both ways into Live: GrooveLive, and where that is not there AbletonOSC."""

from __future__ import annotations

from typing import TypeVar

from .abletonosc.connection import ports
from .abletonosc.live_set import OscSet
from .base import SetInLive
from .connection import PORT
from .errors import LinkDown
from .live_set import LiveSet

_Ours = TypeVar("_Ours", bound=LiveSet)
_Theirs = TypeVar("_Theirs", bound=OscSet)


def connect(
    host: str = "127.0.0.1", port: int = PORT, *, name: str = "groovelive", token: str = "", timeout: float = 5.0,
    osc_port: int | None = None, osc_replies: int | None = None,
) -> SetInLive:  # fmt: skip
    """Return the set that is open in Live, by way of GrooveLive, else of AbletonOSC; its `lacks` says which.

    Args:
        host, port, name, token, timeout: as of `LiveSet.connect`.
        osc_port, osc_replies: the ports of AbletonOSC; by default its own, or GROOVELIVE_ABLETONOSC_PORTS.

    Raises:
        LinkDown: neither is there; how to install one.
        WrongVersion, NoAnswer: GrooveLive is there, but is another one or says nothing.
    """
    return connect_as(
        LiveSet, OscSet, host, port, name=name, token=token, timeout=timeout, osc_port=osc_port, osc_replies=osc_replies
    )


def connect_as(
    ours: type[_Ours], theirs: type[_Theirs], host: str, port: int, *, name: str = "groovelive", token: str = "",
    timeout: float = 5.0, osc_port: int | None = None, osc_replies: int | None = None,
) -> _Ours | _Theirs:  # fmt: skip
    """Return the same as one of two classes of one's own; else as `connect`."""
    try:
        return ours.connect(host, port, name=name, token=token, timeout=timeout)
    except LinkDown as first:
        try:
            usual = ports()
            return theirs(osc_port or usual[0], osc_replies or usual[1])
        except LinkDown as second:
            raise LinkDown(f"{first}; and as the second way in, {second}") from None
