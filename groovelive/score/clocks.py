"""Other clocks, as data: Ableton Link, MIDI clock, Ableton Live; one may lead the tempo, several may follow it."""

from __future__ import annotations

from msgspec import Struct

from .targets import Port, Shift, Text

TICKS = 24  # of MIDI clock in a beat


class _Clock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="to"):
    pass


class Link(_Clock, frozen=True, kw_only=True, tag="link"):
    """The Ableton Link session of this network.

    Args:
        transport: whether start and stop are shared, too.
    """

    transport: bool = False


class MidiClock(_Clock, frozen=True, kw_only=True, tag="midi_clock"):
    """MIDI clock, 24 ticks a beat, from or to a port.

    Args:
        port: the name of a port, or of a new one if `virtual`.
        virtual: whether the port is made, for others to connect to (Linux and macOS).
        transport: whether start, continue and stop are heeded; those to others are always sent.
        shift: seconds, -1..1, by which beats are later (earlier) than the ticks that come, or ticks than the beats.
    """

    port: Text = "groovelive clock"
    virtual: bool = False
    transport: bool = True
    shift: Shift = 0.0


class AbletonTransport(_Clock, frozen=True, kw_only=True, tag="ableton transport"):
    """The transport of Ableton Live.

    Args:
        host, port: where the script GrooveLive in it listens.
        transport: whether start and stop are shared, too.
    """

    host: Text = "127.0.0.1"
    port: Port = 57150
    transport: bool = True


AnyClock = Link | MidiClock | AbletonTransport


def name_of(clock: AnyClock) -> str:
    """Return what a clock is called.

    >>> name_of(MidiClock(port="TR-8")), name_of(Link())
    ("MIDI clock 'TR-8'", 'Ableton Link')
    """
    if isinstance(clock, AbletonTransport):
        return "Ableton Live"
    return "Ableton Link" if isinstance(clock, Link) else f"MIDI clock {clock.port!r}"
