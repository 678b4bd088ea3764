"""The player behind the engine: the same bits as in one's own process, alone and in company; every field checked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import numpy as np
import pytest

from groovelive import Groove, GrooveError, load
from groovelive.engine import AsyncClient, Client, EngineError
from groovelive.grooves.phrasing import is_fill
from groovelive.model.player.conditions import GENRES, INSTRUMENTS
from groovelive.protocol.base import Array, Failure
from groovelive.protocol.engine import Grooves, Play
from groovelive.protocol.frames import to_frames
from tests.support.engine_process import Raw, process

TAP = "x..x..x."
RHYTHM = Groove.parse("x..x..x.x.x.x...", bars=2)
V = slice(0, 9)


@pytest.fixture
def client(address: str) -> Iterator[Client]:
    with Client(address, timeout=20) as client:
        yield client


ASKED: list[dict[str, Any]] = [
    {},
    {"genre": "funk", "seed": 5},
    {"genre": {"jazz": 0.7, "latin": 0.3}, "tempo": 220, "instrument": "bass"},
    {"density": {"kick": 0.2, "hats": 0.5}, "redirect": "toms", "adherence": 0.9},
    {"temperature": 1.3, "variation": 1.5, "complexity": 0.8, "intensity": 0.9, "top_k": 20, "hands": False},
    {"threshold": 0.3, "max_hits": {"snare": 3}, "seed": 2},
    {"sampling": "threshold"},
]


# The same bits


@pytest.mark.parametrize("controls", ASKED)
def test_it_plays_as_the_model_does(client: Client, controls: dict[str, Any]) -> None:
    expected = load().drum(RHYTHM, **controls)
    assert expected.hits.any()
    assert client.play(RHYTHM, **controls).groove == expected
    assert client.play(RHYTHM.tap(), **controls).groove == expected


def test_a_text_is_a_rhythm_of_two_bars_that_was_typed(client: Client) -> None:
    assert client.play(TAP).groove == load().drum(TAP) == load().drum(TAP, instrument="typed")
    assert client.play(TAP, bars=3).groove.bars == 3
    assert client.play().groove.bars == 2 and client.play(bars=5).groove.bars == 5


def test_in_company_it_plays_what_it_plays_alone(client: Client) -> None:
    alone = [client.play(RHYTHM, seed=seed, genre="rock").groove for seed in range(6)]

    def ask(number: int) -> Groove:
        if number % 2:
            return client.generate(TAP, seed=number).groove
        return client.play(RHYTHM, seed=number // 2, genre="rock").groove

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(ask, range(12)))
    assert found[::2] == alone and all(groove == found[1] for groove in found[1::2])


def test_two_processes_give_the_same_bytes(address: str) -> None:
    request = Play(tap=TAP, genre="funk", seed=11, bars=4, probabilities=True)
    with process() as (other, _), Raw(address) as one, Raw(other) as two:
        first, second = one.ask(request), two.ask(request)
    assert isinstance(first, Grooves) and isinstance(second, Grooves)
    assert first.grooves == second.grooves and first.probabilities == second.probabilities is not None


def test_what_it_played_is_handed_in_and_it_plays_on_as_loops_do(client: Client) -> None:
    expected = load().loops(RHYTHM, 9, genre="soul", seed=3)
    played = Groove.empty(bars=2)
    for number, loop in enumerate(expected):
        fill = [is_fill(3, "", 2 * number + k) for k in range(3)]
        context = None if not number else played[-15:] if played.bars > 15 else played
        answer = client.play(RHYTHM, bar=2 * number, fill=fill, context=context, genre="soul", seed=3).groove
        assert answer == loop
        played = loop if not number else played + loop
    fifteen, sixteen = (client.play(RHYTHM, context=played[-n:].hvo, genre="soul", seed=3).groove for n in (15, 16))
    assert fifteen == sixteen  # it looks fifteen bars back
    assert fifteen != client.play(RHYTHM, genre="soul", seed=3).groove


def test_cells_that_are_locked_stay_and_those_forbidden_are_silent(client: Client) -> None:
    kept = Groove.parse("bd*4, [~ sn]*2, hh*8")
    answer = client.play(RHYTHM, keep=kept, locks=["kick", 3], seed=1).groove
    assert np.array_equal(answer.hvo[:, ::9], kept.hvo[:, ::9]) and np.array_equal(answer.hvo[3], kept.hvo[3])
    assert answer == load().drum(RHYTHM, keep=kept, locks=["kick", 3], seed=1)
    cells = np.zeros((32, 9))
    cells[:16] = 1
    answer = client.play(RHYTHM, keep=kept, locks=cells, seed=1).groove
    assert np.array_equal(answer.hvo[:16], kept.hvo[:16]) and answer.hits[16:].any()
    assert not client.play(RHYTHM, forbid=cells).groove.hits[:16].any()
    assert not client.play(RHYTHM, forbid=np.ones((32, 9))).groove.hits.any()


def test_a_fill_is_heard(client: Client) -> None:
    def toms_and_snares(fill: bool) -> float:
        grooves = [client.play(bars=1, fill=fill, genre="rock", seed=seed, bar=7).groove for seed in range(12)]
        return float(np.mean([groove.hits[:, [1, 4, 5, 6]].sum() for groove in grooves]))

    assert toms_and_snares(True) > 1.5 * toms_and_snares(False)


def test_a_name_sets_its_chances_apart_and_adherent_plays_the_pattern(client: Client) -> None:
    assert client.play(TAP, drummer="d1").groove != client.play(TAP, drummer="d2").groove
    steps = RHYTHM.tap()[:, 0] > 0

    def on(adherent: bool) -> float:
        hits = [client.play(RHYTHM, adherent=adherent, seed=seed).groove.hits for seed in range(8)]
        return float(np.mean([h[steps][:, [0, 1, 7]].any(1).mean() for h in hits]))

    assert on(True) > on(False)


def test_a_variant_is_another_candidate(client: Client) -> None:
    expected = [one.groove for one in load().candidates(RHYTHM, 3, genre="rock", seed=2)]
    assert [client.play(RHYTHM, genre="rock", seed=2, variant=k).groove for k in range(3)] == expected


def test_what_the_context_was_is_heard(client: Client) -> None:
    context = load().song("A8", genre="jazz", seed=1).groove
    told: dict[str, Any] = {"genre": "funk", "context": context}
    plain = client.play(RHYTHM, **told).groove
    assert client.play(RHYTHM, **told, fresh=True).groove != plain
    assert client.play(RHYTHM, **told, genre_before="jazz").groove != plain


def test_probabilities_come_where_they_are_asked_for(client: Client) -> None:
    answer = client.play(TAP, bars=1, probabilities=True)
    assert answer.probabilities is not None and answer.probabilities.shape == (1, 16, 9)
    assert answer.probabilities.min() >= 0 and answer.probabilities.max() <= 1
    assert client.play(TAP, bars=1).probabilities is None


def test_the_awaited_client_plays_too(address: str) -> None:
    async def ask() -> list[Groove]:
        async with AsyncClient(address, timeout=20) as client:
            answers = await asyncio.gather(*(client.play(RHYTHM, seed=seed) for seed in range(3)))
        return [answer.groove for answer in answers]

    assert asyncio.run(ask()) == [load().drum(RHYTHM, seed=seed) for seed in range(3)]


def test_hello_tells_what_the_player_can_be_asked(client: Client) -> None:
    (model,) = client.hello().models
    structure = {"deadline", "priority", "model", "extra", "guidance", "bars", "bar", "tap", "context", "known", "held"}
    structure |= {"fill", "adherent", "fresh", "genre_before", "drummer", "variant", "probabilities"}
    assert set(model.player) == {field.name for field in msgspec.structs.fields(Play)} - structure
    assert model.player["instrument"].choices == INSTRUMENTS and set(GENRES) <= set(model.player["genre"].choices)
    assert model.player["variation"].high == 2 and "variation" not in model.controls
    for name, control in model.player.items():
        for value in (control.low, control.high):
            if value is None or name in ("seed", "hands"):
                continue
            given: Any = int(value) if name in ("top_k", "phrase", "max_hits") else value
            assert isinstance(client.ask(Play(tap=TAP, bars=1, **{name: given})), Grooves)


# What goes wrong


def rows(steps: int, width: int, **values: float) -> Array:
    array = np.zeros((steps, width), np.float32)
    for column, value in values.items():
        array[:, int(column[1:])] = value
    return Array.of(array)


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"bars": 0}, "OUT_OF_RANGE", "bars"),
        ({"bars": 17}, "OUT_OF_RANGE", "bars"),
        ({"bar": -1}, "OUT_OF_RANGE", "bar"),
        ({"tap": "x..y%"}, "OUT_OF_RANGE", "tap"),
        ({"tap": rows(31, 3)}, "OUT_OF_RANGE", "tap"),
        ({"tap": rows(32, 4)}, "OUT_OF_RANGE", "tap"),
        ({"tap": rows(32, 3, c0=0.5)}, "OUT_OF_RANGE", "tap"),
        ({"tap": rows(32, 27, c0=0.5)}, "OUT_OF_RANGE", "tap"),
        ({"tap": rows(17 * 16, 3)}, "TOO_LARGE", "tap"),
        ({"context": rows(16, 3)}, "OUT_OF_RANGE", "context"),
        ({"context": rows(20, 27)}, "OUT_OF_RANGE", "context"),
        ({"context": rows(16, 27, c0=1, c9=7)}, "OUT_OF_RANGE", "context"),
        ({"context": rows(17 * 16, 27)}, "TOO_LARGE", "context"),
        ({"known": rows(32, 9, c0=1)}, "BAD_REQUEST", "known"),
        ({"known": rows(16, 9, c0=1), "held": rows(32, 27)}, "OUT_OF_RANGE", "known"),
        ({"known": rows(32, 9, c0=1), "held": rows(48, 27)}, "OUT_OF_RANGE", "held"),
        ({"known": rows(32, 9, c0=1), "held": rows(32, 27, c0=0.5)}, "OUT_OF_RANGE", "held"),
        ({"fill": (True,)}, "BAD_REQUEST", "fill"),
        ({"fresh": 1}, "BAD_REQUEST", "fresh"),
        ({"genre_before": "fnuk"}, "UNKNOWN_NAME", "genre_before"),
        ({"genre_before": {"funk": 0}}, "OUT_OF_RANGE", "genre_before"),
        ({"variant": -1}, "OUT_OF_RANGE", "variant"),
        ({"adherent": 1}, "BAD_REQUEST", "adherent"),
        ({"instrument": "bas"}, "UNKNOWN_NAME", "instrument"),
        ({"adherence": 2}, "OUT_OF_RANGE", "adherence"),
        ({"temperature": 10.5}, "OUT_OF_RANGE", "temperature"),
        ({"variation": 3}, "OUT_OF_RANGE", "variation"),
        ({"complexity": -0.1}, "OUT_OF_RANGE", "complexity"),
        ({"intensity": 1.1}, "OUT_OF_RANGE", "intensity"),
        ({"tempo": 1e6}, "OUT_OF_RANGE", "tempo"),
        ({"phrase": 0}, "OUT_OF_RANGE", "phrase"),
        ({"sampling": "often"}, "BAD_REQUEST", "sampling"),
        ({"threshold": 2}, "OUT_OF_RANGE", "threshold"),
        ({"threshold": {"hat": 0.2}}, "UNKNOWN_NAME", "threshold"),
        ({"max_hits": {"kick": 40}}, "OUT_OF_RANGE", "max_hits"),
        ({"top_k": 513}, "OUT_OF_RANGE", "top_k"),
        ({"hands": "two"}, "BAD_REQUEST", "hands"),
        ({"drummer": "d" * 129}, "OUT_OF_RANGE", "drummer"),
        ({"seed": -1}, "OUT_OF_RANGE", "seed"),
        ({"probabilities": 1}, "BAD_REQUEST", "probabilities"),
        ({"model": "other"}, "UNKNOWN_MODEL", "model"),
        ({"genre": "fnuk"}, "UNKNOWN_NAME", "genre"),
        ({"genre": {"funk": 0}}, "OUT_OF_RANGE", "genre"),
        ({"density": 2}, "OUT_OF_RANGE", "density"),
        ({"density": {"hat": 0.2}}, "UNKNOWN_NAME", "density"),
        ({"redirect": ("hat",)}, "UNKNOWN_NAME", "redirect"),
        ({"redirect": ("kick", "snare", "hats", "toms", "cymbals")}, "OUT_OF_RANGE", "redirect"),
        ({"guidance": 2}, "UNSUPPORTED", "guidance"),
        ({"extra": {"lateness": 1}}, "UNSUPPORTED", "extra"),
    ],
)
def test_every_field_is_checked(client: Client, fields: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(EngineError) as caught:
        client.ask(Play(**{"tap": TAP, **fields}))
    assert (caught.value.code, caught.value.field.partition(".")[0]) == (code, field)
    assert len(caught.value.message) > 10 and caught.value.message.count(". ") == 0


def test_the_client_says_what_it_cannot_ask(client: Client) -> None:
    with pytest.raises(GrooveError, match="did you mean 'variation'"):
        client.play(TAP, varation=1)  # type: ignore[call-arg]
    with pytest.raises(GrooveError, match="locks need keep="):
        client.play(TAP, locks="kick")
    with pytest.raises(GrooveError, match="2 bars, not 1"):
        client.play(TAP, keep=Groove.empty(bars=1), locks="kick")
    with pytest.raises(GrooveError, match="bars must be a whole number from 1 to 16"):
        client.play(TAP, bars=100)
    with pytest.raises(GrooveError, match="forbid must"):
        client.play(TAP, forbid=np.ones((3, 9)))


@pytest.mark.parametrize("tap", ["", "~", "................"])
def test_a_rhythm_without_a_hit_is_none(client: Client, tap: str) -> None:
    if tap:
        assert client.play(tap, seed=4).groove == client.play(seed=4).groove
        assert client.play(tap, seed=4).groove.hits.any()
    else:
        with pytest.raises(EngineError) as caught:
            client.play(tap)
        assert caught.value.field == "tap"


def test_a_client_of_version_1_is_told(address: str) -> None:
    with Raw(address) as raw:
        _, id, body = to_frames(b"7", Play(tap=TAP))
        raw.socket.send_multipart([b"GL1", id, body])
        answered, reply = raw.receive()
    assert answered == b"7" and isinstance(reply, Failure)
    assert (reply.code, reply.message) == ("BAD_VERSION", "this speaks version 2 of the protocol, not '1'")
