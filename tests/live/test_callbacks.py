"""A performer's own function makes bars: every fault of it is told once, and it is asked again for the next bar."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import groovelive as gl
from groovelive.grooves.groove import Groove
from groovelive.live.callbacks import Runner, UpcomingBar
from groovelive.live.session import Session


@pytest.fixture
def live() -> Session:
    return gl.open(realtime=False)


def raises(error: BaseException) -> Callable[[UpcomingBar], Any]:
    def each(bar: UpcomingBar) -> None:
        raise error

    return each


class Speechless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class Nameless:
    """Can be called, and fails wherever it is asked about itself."""

    @property
    def __name__(self) -> str:
        raise RuntimeError("no name")

    def __call__(self, bar: UpcomingBar) -> Groove:
        return Groove.empty(bars=3)


def recursion(bar: UpcomingBar) -> Any:
    return recursion(bar)


def takes_nothing() -> None: ...


def half_a_bar(bar: UpcomingBar) -> UpcomingBar:
    del bar.groove
    return bar


def odd_groove(bar: UpcomingBar) -> None:
    bar.groove = "x..x"  # type: ignore[assignment]


async def awaited(bar: UpcomingBar) -> None: ...


FAULTS: dict[str, tuple[Any, str]] = {
    "raises": (raises(ValueError("too loud")), "ValueError: too loud"),
    "with a sentence": (raises(gl.GrooveError("no such voice")), "no such voice"),
    "ends the program": (lambda bar: sys.exit(3), "SystemExit: 3"),
    "generator's end": (raises(GeneratorExit()), "GeneratorExit"),
    "cannot say why": (raises(Speechless()), "Speechless"),
    "calls itself": (recursion, "RecursionError"),
    "divides by zero": (lambda bar: 1 // 0, "ZeroDivisionError"),
    "takes no bar": (takes_nothing, "TypeError"),
    "returns a text": (lambda bar: "x..x..x.", "not str"),
    "returns a number": (lambda bar: 7, "not int"),
    "returns a class": (lambda bar: Groove, "not type"),
    "returns two bars": (lambda bar: Groove.empty(bars=2), "returns one bar, not 2"),
    "takes the groove away": (half_a_bar, "AttributeError"),
    "puts a text in": (odd_groove, "not str"),
    "a coroutine": (awaited, "not coroutine"),
    "without a name": (Nameless(), "returns one bar, not 3"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_once_and_the_function_asked_again(
    live: Session, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    function, sentence = FAULTS[fault]
    asked: list[int] = []

    def each(bar: UpcomingBar) -> Any:
        asked.append(bar.number)
        return function(bar)

    live.d1 >> gl.groove("x..x..x.")
    live.d1.each_bar = each
    live.run(bars=5)
    told = [line for line in capsys.readouterr().err.splitlines() if "each" in line or sentence in line]
    assert len(told) == 1
    assert sentence in told[0] and told[0].endswith("; the last good bar plays on")
    assert len(set(asked)) >= 4


def test_a_function_that_is_set_again_and_fails_again_says_so_again(
    live: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    live.d1 >> gl.groove("x..x..x.")
    for _ in range(2):
        live.d1.each_bar = raises(ValueError("still wrong"))
        live.run(bars=2)
        assert capsys.readouterr().err.count("still wrong") == 1


def test_a_message_that_is_another_in_each_bar_is_told_once(live: Session, capsys: pytest.CaptureFixture[str]) -> None:
    def each(bar: UpcomingBar) -> None:
        raise ValueError(f"bar {bar.number} is odd")

    live.d1 >> gl.groove("x..x..x.")
    live.d1.each_bar = each
    live.run(bars=6)
    assert capsys.readouterr().err.count("is odd") == 1


def test_good_bars_play_between_bad_ones(live: Session) -> None:
    def each(bar: UpcomingBar) -> Groove:
        if bar.number % 2:
            raise ValueError("odd")
        return Groove.parse("lt*4", bars=1)

    live.d1 >> gl.groove("x..x..x.")
    live.d1.each_bar = each
    live.run(bars=8)
    assert {note.name for note in live.last(4).groove()} == {"low_tom"}


def test_words_of_the_session_work_in_it(live: Session, capsys: pytest.CaptureFixture[str]) -> None:
    def each(bar: UpcomingBar) -> None:
        print("bar", bar.number)
        live.d1.density = 0.1 * (bar.number % 5)
        live.undo()
        repr(live.d1)
        live.run(bars=1)  # time that passes in time: the bars that come by play on

    live.d1 >> gl.groove("x..x..x.")
    live.d1.each_bar = each
    live.run(bars=3)
    said = capsys.readouterr()
    assert said.out.count("bar ") >= 2
    assert "Traceback" not in said.err


def test_it_may_take_itself_away(live: Session, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[int] = []

    def each(bar: UpcomingBar) -> Groove:
        asked.append(bar.number)
        live.d1.each_bar = None
        return Groove.empty(bars=1)

    live.d1 >> gl.groove("x..x..x.")
    live.d1.each_bar = each
    live.run(bars=4)
    assert len(asked) == 1 and capsys.readouterr().err == ""


# In a thread of its own, as in real time


class Told:
    """Waits for what a runner gives and says."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.bars: list[int] = []
        self.news = threading.Event()

    def give(self, number: int, notes: bytes) -> None:
        self.bars.append(number)
        self.news.set()

    def tell(self, sentence: str) -> None:
        self.sentences.append(sentence)
        self.news.set()


def bar(number: int) -> UpcomingBar:
    return UpcomingBar(number, Groove.empty(bars=1))


@pytest.mark.parametrize("error", [SystemExit(), KeyboardInterrupt(), GeneratorExit(), Speechless(), ValueError("no")])
def test_no_error_ends_its_thread(error: BaseException) -> None:
    told = Told()
    fail = [True]

    def each(bar: UpcomingBar) -> None:
        if fail.pop() if fail else False:
            raise error

    runner = Runner(each, told.give, told.tell)
    runner.want(bar(1))
    assert told.news.wait(5) and len(told.sentences) == 1
    told.news.clear()
    _until(lambda: runner._busy is None)
    runner.want(bar(2))
    assert told.news.wait(5) and told.bars == [2]
    runner.end()


def test_one_that_blocks_is_told_once_and_asked_again() -> None:
    told, go = Told(), threading.Event()

    def each(bar: UpcomingBar) -> None:
        if bar.number == 1:
            go.wait(5)

    runner = Runner(each, told.give, told.tell)
    runner.want(bar(1))
    _until(lambda: runner._busy == 1)
    for number in (2, 3, 4):
        runner.want(bar(number))
    assert len(told.sentences) == 1 and "takes longer than a bar" in told.sentences[0]
    go.set()
    _until(lambda: runner._busy is None and told.bars == [1])
    runner.want(bar(5))
    _until(lambda: told.bars == [1, 5])
    runner.end()


def test_a_bar_that_cannot_be_given_does_not_end_its_thread() -> None:
    told = Told()

    def give(number: int, notes: bytes) -> None:
        if number == 1:
            raise RuntimeError("no line")
        told.give(number, notes)

    runner = Runner(lambda bar: None, give, told.tell)
    runner.want(bar(1))
    assert told.news.wait(5) and "no line" in told.sentences[0]
    _until(lambda: runner._busy is None)
    runner.want(bar(2))
    _until(lambda: told.bars == [2])
    runner.end()


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not holds() and time.monotonic() < end:
        time.sleep(0.005)
    assert holds()


# After the session


@pytest.mark.parametrize(
    "word",
    [
        "live.bpm = 100", "live.bpm", "live.beat", "live.bar", "live.d1 >> gl.groove('x..x')", "live.d1.density",
        "live.d1.density = .5", "live.d1.mute()", "live.run(bars=1)", "live.last(2)", "live.history", "live.pending",
        "live.undo()", "live.panic()", "live.hit()", "live.drummers", "live.snapshot()", "live.status()",
        "live.d1.each_bar = lambda bar: None", 
    ],
)  # fmt: skip
def test_words_after_close_say_so_in_one_sentence(live: Session, word: str) -> None:
    live.d1 >> gl.groove("x..x..x.")
    live.run(bars=2)
    live.close()
    live.close()
    assert "this session is closed; gl.open() opens another" in repr(live)
    assert "this session is closed" in repr(live.d1)
    with pytest.raises(gl.GrooveError, match=r"^(this session is closed|no session is open).*open\(\) opens"):
        exec(word, {"live": live, "gl": gl})
