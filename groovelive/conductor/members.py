"""Who takes part: every client is a performer with a name of its own, which it keeps when its connection breaks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from math import inf

from msgspec import Struct

from ..errors import GrooveError
from ..score.names import LONGEST, NAMELESS, check_name

GONE = 10.0  # seconds after which one that is lost counts as gone, and others are told
_KEPT = 60.0  # seconds for which a name is kept for it; who comes from the same machine has it before
_RESTARTED = GONE  # seconds in which clients of a conductor that was started again have their names to themselves


class Member(Struct):
    """One who takes part, or did.

    Args:
        key: what tells it from others as long as its program runs.
        host: its machine.
        name: as others read it.
        quiet: whether others are not told that it comes and goes.
        lost: when its connection broke; None: it is there.
        alone: until when nobody else can have its name.
        told: whether others know that it is there.
    """

    key: str
    host: str
    name: str
    quiet: bool = False
    lost: float | None = None
    alone: float = 0.0
    told: bool = False


class KnownMember(Struct, frozen=True, array_like=True):
    """What the journal keeps of one, so that it has its name again after a crash."""

    key: str
    host: str
    name: str


class Members:
    """Gives names, and knows who is there.

    Args:
        announce: called with a name and whether its owner has come, or gone.
        changed: called when somebody has another name, or none any more.
        now: seconds, monotonic.

    >>> members = Members()
    >>> [members.join(key, "stage", "maria") for key in ("1", "2", "3")]
    ['maria', 'maria-2', 'maria-3']
    >>> members.left("2")
    >>> members.join("4", "stage", "maria"), members.present
    ('maria-2', ('maria', 'maria-3', 'maria-2'))
    """

    def __init__(
        self,
        announce: Callable[[str, bool], None] = lambda name, there: None,
        changed: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._announce, self._changed, self._now = announce, changed, now
        self._members: dict[str, Member] = {}

    @property
    def present(self) -> tuple[str, ...]:
        """The names of those who are there."""
        return tuple(one.name for one in self._members.values() if one.lost is None and not one.quiet)

    @property
    def known(self) -> tuple[KnownMember, ...]:
        """All whose names are kept."""
        return tuple(KnownMember(one.key, one.host, one.name) for one in self._members.values() if not one.quiet)

    def restore(self, known: Iterable[KnownMember], alone: bool) -> None:
        """Keep names for those who took part in a session that goes on.

        Args:
            known: who they are.
            alone: whether they are still there, and about to find back.
        """
        now = self._now()
        for one in known:
            until = inf if alone else 0.0  # which begins with the first turn, from when on they can find back
            self._members[one.key] = Member(one.key, one.host, one.name, lost=now, alone=until, told=alone)

    def join(self, key: str, host: str, wish: str, held: str = "", quiet: bool = False) -> str:
        """Return the name of one that comes, or comes back.

        Args:
            key: what tells it from others.
            host: its machine.
            wish: what it would be called; where that is taken, a number follows.
            held: what it is called already, where it comes back.
            quiet: whether others are not told.

        Raises:
            GrooveError: nobody may be called so.
        """
        if wish != NAMELESS:
            check_name(wish)
        member = self._members.get(key)
        if member is None:
            member = self._members[key] = self._named(key, host, wish, held, quiet)
            self._changed()
        member.lost, member.alone = None, 0.0
        if not member.told and not quiet:
            member.told = True
            self._announce(member.name, True)
        return member.name

    def _named(self, key: str, host: str, wish: str, held: str, quiet: bool) -> Member:
        wished = [check_name(held)] if held else []
        wished += [wish, *(f"{wish[: LONGEST - 6]}-{k}" for k in range(2, len(self._members) + 3))]
        for name in wished:
            owner = next((one for one in self._members.values() if one.name == name), None)
            if owner is None:
                return Member(key, host, name, quiet)
            if self._can_take(owner, host):
                del self._members[owner.key]
                return Member(key, host, name, quiet, told=owner.told)
        raise GrooveError(f"there is no name like {wish!r} left; choose another")

    def _can_take(self, owner: Member, host: str) -> bool:
        now = self._now()
        if owner.lost is None or now < owner.alone:
            return False
        return host == owner.host or now - owner.lost > _KEPT

    def name(self, key: str) -> str:
        """Return what somebody is called; "" where nobody is known by that key."""
        member = self._members.get(key)
        return "" if member is None else member.name

    def lost(self, key: str, silent: float = 0.0) -> None:
        """Take notice that somebody's connection broke, or has been silent for some seconds; it may be back soon."""
        member = self._members.get(key)
        if member is not None and member.lost is None:
            member.lost = self._now() - silent

    def left(self, key: str) -> None:
        """Take notice that somebody has gone."""
        member = self._members.pop(key, None)
        if member is not None:
            self._changed()
            if member.told:
                self._announce(member.name, False)

    def turn(self) -> None:
        """Tell of those who have been lost for long, and forget whose name is kept no longer."""
        now = self._now()
        for member in list(self._members.values()):
            if member.lost is None:
                continue
            if member.alone == inf:
                member.lost, member.alone = now, now + _RESTARTED
            if member.told and now - member.lost >= GONE:
                member.told = False
                self._announce(member.name, False)
            if now - member.lost > _KEPT and now > member.alone:
                del self._members[member.key]
                self._changed()
