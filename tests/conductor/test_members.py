"""Names of those who take part: distinct, kept over a connection that breaks, and free again when they are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groovelive import GrooveError
from groovelive.conductor.members import GONE, Members


class Room:
    """Members on a clock that the test moves, and what others are told of them."""

    def __init__(self) -> None:
        self.now, self.told = 100.0, list[tuple[str, bool]]()
        self.members = Members(lambda name, there: self.told.append((name, there)), now=lambda: self.now)

    def after(self, seconds: float) -> None:
        self.now += seconds
        self.members.turn()


def test_a_killed_kernel_has_its_name_and_nobody_is_told() -> None:
    room = Room()
    room.members.join("1", "stage", "maria")
    room.members.lost("1")
    room.after(4)
    assert room.members.join("2", "stage", "maria") == "maria" and room.told == [("maria", True)]


def test_a_network_that_broke_gives_the_name_to_nobody_else() -> None:
    room = Room()
    room.members.join("1", "laptop", "maria")
    room.members.lost("1")
    room.after(30)
    assert room.members.join("2", "stage", "maria") == "maria-2"
    assert room.members.join("1", "laptop", "maria", "maria") == "maria"
    assert room.told == [("maria", True), ("maria", False), ("maria-2", True), ("maria", True)]


def test_a_conductor_that_was_started_again_gives_everybody_their_names() -> None:
    before, after = Room(), Room()
    for key in "123":
        before.members.join(key, "stage", "user")
    after.members.restore(before.members.known, alone=True)
    after.after(60)  # until it has begun
    assert after.members.join("new", "stage", "user") == "user-4"
    assert [after.members.join(key, "stage", "user") for key in "312"] == ["user-3", "user", "user-2"]
    after.after(GONE + 1)
    assert after.told == [("user-4", True)]


def test_who_does_not_come_back_after_a_restart_has_left() -> None:
    before, after = Room(), Room()
    before.members.join("1", "stage", "maria")
    after.members.restore(before.members.known, alone=True)
    after.after(0)
    after.after(GONE + 1)
    assert after.told == [("maria", False)] and after.members.present == ()


def test_a_session_that_is_resumed_gives_the_name_to_a_new_program() -> None:
    before, after = Room(), Room()
    before.members.join("1", "stage", "maria")
    after.members.restore(before.members.known, alone=False)
    assert after.members.join("2", "stage", "maria") == "maria"


@pytest.mark.parametrize(
    "name", ["engine", "autopilot", "clock", "midi:Keys", "osc", "", "a\nb", "\x1b[31m", " x", "x" * 65]
)
def test_names_that_nobody_may_have(name: str) -> None:
    room = Room()
    if name == "osc":  # who sends OSC without a name
        assert room.members.join("1", "osc", name, quiet=True) == "osc" and room.members.present == ()
        return
    with pytest.raises(GrooveError, match=r"choose another|a name has 1 to 64"):
        room.members.join("1", "stage", name)
    assert room.members.present == () and not room.told


_act = st.tuples(
    st.sampled_from(("join", "lost", "left", "wait")), st.integers(0, 5), st.sampled_from(("a", "a-2", "x" * 64)),
    st.sampled_from(("one", "two")), st.floats(0, 100),
)  # fmt: skip


@given(st.lists(_act, max_size=40))
def test_no_two_have_one_name(acts: list[tuple[str, int, str, str, float]]) -> None:
    room = Room()
    there: dict[str, Any] = {}
    for what, number, wish, host, seconds in acts:
        key = str(number)
        if what == "join":
            name = room.members.join(key, host, wish, there.get(key, ""))
            assert there.get(key) in (None, name)  # who is there keeps its name
            there[key] = name
            assert len(name) <= 64
        elif what == "wait":
            room.after(seconds)
        else:
            getattr(room.members, what)(key)
            there.pop(key, None)
        assert sorted(room.members.present) == sorted(there.values())
        assert len(set(there.values())) == len(there)
    known = [name for name, _ in room.told]
    for name in known:  # one joins, and leaves, and joins
        turns = [is_there for one, is_there in room.told if one == name]
        assert turns == [k % 2 == 0 for k in range(len(turns))]
