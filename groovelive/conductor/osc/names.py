"""Who sends OSC: each program that says hello by a name, or keeps to its port, is a performer of its own."""

from __future__ import annotations

import time
from collections.abc import Callable

from ...score.names import NAMELESS, check_name
from ..members import Members
from .server import OscClient

_SILENT = 90.0  # seconds without a word after which one that gave its name has gone; who hears news speaks every 60
_FORGOTTEN = 900.0  # likewise of one that gave none: it may be a fader that nobody has touched
_NAMELESS = 64  # of those that are told apart
_HOST = "osc"  # all are on this machine


class OscNames:
    """Names of OSC clients.

    One that says its name in its hello is called so. Others are `osc`, `osc-2`, … from their first edit on, by the port
    that they send from. A program that takes another port for each message, as `oscsend` does, is a new one each time:
    so one that has done nothing yet undoes what such a one did last.

    Args:
        members: who gives the names.
        now: seconds, monotonic.
    """

    def __init__(self, members: Members, now: Callable[[], float] = time.monotonic) -> None:
        self._members, self._now = members, now
        self._heard: dict[OscClient, float] = {}  # when; the longest silent first
        self._look_at = 0.0
        self._wishes: dict[OscClient, str] = {}  # what those who said it would be called
        self._last = NAMELESS  # which of those who did not say a name did something last

    def hello(self, client: OscClient, wish: str) -> str:
        """Return the name of a client that says hello, and what it would be called.

        Raises:
            GrooveError: nobody may be called so.
        """
        if self._wishes.get(client) != wish:
            check_name(wish)
            self.left(client)
            self._wishes[client] = wish
            self._members.join(_key(client), _HOST, wish)
        self.heard(client)
        return self._members.name(_key(client))

    def heard(self, client: OscClient) -> None:
        """Take notice that a client is there."""
        if self._heard.pop(client, None) is not None or client in self._wishes:
            self._heard[client] = self._now()

    def doing(self, client: OscClient) -> str:
        """Return who makes the edits that a client asks for."""
        if client in self._wishes:
            return self._members.name(_key(client))
        if client not in self._heard:
            nameless = [one for one in self._heard if one not in self._wishes]
            if len(nameless) >= _NAMELESS:
                self.left(nameless[0])
        self._heard[client] = self._now()
        self._last = self._members.join(_key(client), _HOST, NAMELESS, quiet=True)
        return self._last

    def undoing(self, client: OscClient) -> str:
        """Return whose edits a client undoes: its own, or if it has done nothing and has no name, the last such."""
        return self._members.name(_key(client)) or self._last

    def turn(self) -> None:
        """Forget those who have been silent for long."""
        now = self._now()
        if now < self._look_at:
            return
        self._look_at = now + 1
        for client, heard in list(self._heard.items()):
            if now - heard > (_SILENT if client in self._wishes else _FORGOTTEN):
                self.left(client)

    def left(self, client: OscClient) -> None:
        """Take notice that a client has gone."""
        self._heard.pop(client, None)
        self._wishes.pop(client, None)
        self._members.left(_key(client))


def _key(client: OscClient) -> str:
    return f"osc {client} {client.connection}"
