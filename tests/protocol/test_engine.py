"""Messages: what goes in comes out, and what is wrong is told by code and field."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys
from typing import Any, get_args

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groovelive import GrooveError
from groovelive.protocol.base import MAX_REQUEST, Array, Code, EngineError, Failure
from groovelive.protocol.engine import (
    MAX_BARS,
    MAX_LOOPS,
    AnyReply,
    AnyRequest,
    Cancel,
    Cancelled,
    Decode,
    Encode,
    EngineHello,
    Generate,
    Grooves,
    Latents,
    Play,
    Random,
    Stats,
    WalkRequest,
    read_head,
    read_reply,
    read_request,
)
from groovelive.protocol.frames import from_frames, to_frames

LATENT = Array.of(np.linspace(-1, 1, 64))
REQUESTS: list[AnyRequest] = [
    EngineHello(),
    Stats(priority="background"),
    Cancel(id=b"\x00\xff"),
    Encode(taps="x..x", model="groove"),
    Generate(tap="x..x..x."),
    Generate(
        tap=Array.of(np.zeros((32, 3))), genre={"funk": 0.5, "jazz": 0.5}, density={"kick": 0.2}, redirect=("hats",),
        guidance=2, extra={"mood": 0.5}, temperature=1.5, sampling="bernoulli", threshold=0.4, max_hits={"snare": 3},
        keep=Array.of(np.zeros((32, 27))), locks=("kick", 31), seed=2**63 - 1, follow=0.5, preset=LATENT,
        probabilities=True, latents=True, deadline=12.5,
    ),
    Play(),
    Play(
        bars=16, bar=7, tap=Array.of(np.zeros((32, 3))), context=Array.of(np.zeros((240, 27))), fill=(True, None),
        known=Array.of(np.zeros((256, 9))), held=Array.of(np.zeros((256, 27))), instrument="bass", adherence=0.5,
        genre="jazz", tempo=96.5, phrase=4, top_k=9, hands=False, drummer="d1", seed=2**63 - 1, priority="background",
    ),
    Decode(z=LATENT),
    Random(count=3),
    WalkRequest(start="a preset", end=LATENT, steps=256, path="slerp"),
]  # fmt: skip
REPLIES: list[AnyReply] = [
    Failure(code="LATE", message="too late", field="deadline"),
    Grooves(grooves=Array.of(np.ones((1, 32, 27))), probabilities=Array.of(np.zeros((1, 32, 9)))),
    Latents(latents=LATENT),
    Cancelled(found=True),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda r: type(r).__name__)
def test_requests_come_out_as_they_went_in(request_: AnyRequest) -> None:
    header, id, body = to_frames(b"7", request_)
    assert (header, id) == (b"GL2", b"7")
    assert read_request(from_frames([header, id, body]).body) == request_
    head = read_head(body)
    assert (head.deadline, head.priority) == (request_.deadline, request_.priority)
    assert head.type == request_.__struct_config__.tag


@pytest.mark.parametrize("reply", REPLIES, ids=lambda r: type(r).__name__)
def test_replies_come_out_as_they_went_in(reply: AnyReply) -> None:
    assert read_reply(to_frames(b"7", reply)[2]) == reply
    assert read_reply(to_frames(b"7", reply, spent=1.5)[2]).spent == 1.5


def test_a_reply_of_a_later_version_is_read_without_what_is_new() -> None:
    body = msgspec.msgpack.encode({"type": "cancelled", "found": True, "since": 3})
    assert read_reply(body) == Cancelled(found=True)


def test_an_array_keeps_its_numbers() -> None:
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    assert np.array_equal(Array.of(values).numpy(), values)
    assert np.array_equal(Array.of(values.transpose(2, 0, 1)[::2]).numpy(), values.transpose(2, 0, 1)[::2])
    assert Array.of([0.5]).data == b"\x00\x00\x00\x3f"  # little-endian


@pytest.mark.parametrize("values", [[math.nan], [[math.inf]], 3.0, [], [[[[1.0]]]], "x", [1e39]])
def test_what_is_no_array_is_not_packed(values: Any) -> None:
    with pytest.raises(GrooveError):
        Array.of(values)


@pytest.mark.parametrize(
    ("array", "code"),
    [
        (Array((2, 3), bytes(20)), "BAD_REQUEST"),
        (Array((1 << 20, 1 << 20, 1 << 20), bytes(8)), "BAD_REQUEST"),
        (Array((1,), np.float32(np.nan).tobytes()), "OUT_OF_RANGE"),
        (Array((1,), np.float32(np.inf).tobytes()), "OUT_OF_RANGE"),
    ],
)
def test_a_false_array_is_refused(array: Array, code: str) -> None:
    with pytest.raises(EngineError) as caught:
        array.numpy("tap")
    assert (caught.value.code, caught.value.field) == (code, "tap")


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "BAD_REQUEST", "type"),
        ({"type": "dance"}, "BAD_REQUEST", "type"),
        ({"type": "generate"}, "BAD_REQUEST", "tap"),
        ({"type": "generate", "tap": 3}, "BAD_REQUEST", "tap"),
        ({"type": "generate", "tap": "x", "densty": 1}, "BAD_REQUEST", "densty"),
        ({"type": "generate", "tap": {"shape": [0], "data": b""}}, "OUT_OF_RANGE", "tap.shape"),
        ({"type": "generate", "tap": {"shape": [1, 1, 1, 1], "data": b""}}, "OUT_OF_RANGE", "tap.shape"),
        ({"type": "generate", "tap": {"shape": [1], "data": b"", "type": "f8"}}, "BAD_REQUEST", "tap.type"),
        ({"type": "generate", "tap": "x" * 1025}, "OUT_OF_RANGE", "tap"),
        ({"type": "generate", "tap": "x", "density": math.nan}, "OUT_OF_RANGE", "density"),
        ({"type": "generate", "tap": "x", "density": {"kick": math.inf}}, "OUT_OF_RANGE", "density"),
        ({"type": "generate", "tap": "x", "density": True}, "BAD_REQUEST", "density"),
        ({"type": "generate", "tap": "x", "seed": -1}, "OUT_OF_RANGE", "seed"),
        ({"type": "generate", "tap": "x", "seed": 2**63}, "OUT_OF_RANGE", "seed"),
        ({"type": "generate", "tap": "x", "locks": ["kick", 32]}, "OUT_OF_RANGE", "locks"),
        ({"type": "generate", "tap": "x", "deadline": 0}, "OUT_OF_RANGE", "deadline"),
        ({"type": "generate", "tap": "x", "deadline": math.nan}, "OUT_OF_RANGE", "deadline"),
        ({"type": "generate", "tap": "x", "priority": "urgent"}, "BAD_REQUEST", "priority"),
        ({"type": "generate", "tap": "x", "sampling": "dice"}, "BAD_REQUEST", "sampling"),
        ({"type": "walk", "start": "a", "steps": 257}, "OUT_OF_RANGE", "steps"),
        ({"type": "walk", "start": "a", "steps": 2.5}, "BAD_REQUEST", "steps"),
        ({"type": "random", "count": 0}, "OUT_OF_RANGE", "count"),
        ({"type": "cancel", "id": b""}, "OUT_OF_RANGE", "id"),
        ({"type": "failure", "code": "LATE", "message": ""}, "BAD_REQUEST", "type"),
        ([1], "BAD_REQUEST", ""),
        (None, "BAD_REQUEST", ""),
    ],
)
def test_a_wrong_request_is_refused_with_its_field(body: Any, code: str, field: str) -> None:
    with pytest.raises(EngineError) as caught:
        read_request(msgspec.msgpack.encode(body))
    assert (caught.value.code, caught.value.field) == (code, field)
    assert str(caught.value)


@pytest.mark.parametrize(
    "body", [b"", b"\xc1", b"\x91" * 100_000, b"\x81\xa4type\xa5hello\x00", b"\xa4\xff\xff\xff\xff"]
)
def test_what_is_no_messagepack_is_refused(body: bytes) -> None:
    with pytest.raises(EngineError) as caught:
        read_request(body)
    assert caught.value.code == "BAD_REQUEST"


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([], "BAD_REQUEST"),
        ([b"GL2"], "BAD_REQUEST"),
        ([b"GL2", b"", b""], "BAD_REQUEST"),
        ([b"GL2", b"i" * 33, b""], "BAD_REQUEST"),
        ([b"GL2", b"i", b"", b""], "BAD_REQUEST"),
        ([b"HTTP", b"i", b""], "BAD_REQUEST"),
        ([b"GL1", b"i", b""], "BAD_VERSION"),
        ([b"GL3", b"i", b""], "BAD_VERSION"),
        ([b"GL", b"i", b""], "BAD_VERSION"),
    ],
)
def test_wrong_frames_are_refused(parts: list[bytes], code: str) -> None:
    with pytest.raises(EngineError) as caught:
        from_frames(parts)
    assert caught.value.code == code


def test_too_much_is_refused_on_both_sides() -> None:
    big = Encode(taps=Array.of(np.zeros(MAX_REQUEST // 4)))
    with pytest.raises(EngineError) as caught:
        to_frames(b"1", big)
    assert caught.value.code == "TOO_LARGE"
    with pytest.raises(EngineError) as caught:
        read_request(bytes(MAX_REQUEST + 1))
    assert caught.value.code == "TOO_LARGE"
    with pytest.raises(EngineError):
        to_frames(b"", EngineHello())


def test_the_largest_legal_messages_fit() -> None:
    loops = np.zeros((MAX_LOOPS, 32, 27))
    to_frames(b"1", Encode(taps=Array.of(loops[..., :3])))
    to_frames(b"1", Generate(tap=Array.of(np.zeros((16 * MAX_BARS, 27)))))
    latents, chances = Array.of(np.zeros((MAX_LOOPS, 256))), Array.of(loops[..., :9])
    to_frames(b"1", Grooves(grooves=Array.of(loops), latents=latents, probabilities=chances))


def test_an_error_keeps_its_code_across_processes() -> None:
    error = pickle.loads(pickle.dumps(EngineError("BUSY", "later", "x")))
    assert (error.code, str(error), error.field) == ("BUSY", "later", "x")


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_noise_is_refused_and_nothing_else(body: bytes) -> None:
    for read in (read_request, read_reply, read_head):
        try:
            read(body)
        except EngineError as error:
            assert error.code in get_args(Code)


@given(st.sampled_from(REQUESTS), st.data())
@settings(max_examples=300, deadline=None)
def test_a_damaged_request_is_read_or_refused(request_: AnyRequest, data: st.DataObject) -> None:
    body = bytearray(to_frames(b"1", request_)[2])
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_request(bytes(body[: data.draw(st.integers(0, len(body)))]))
    except EngineError as error:
        assert str(error)


def test_the_module_needs_neither_sockets_nor_a_runtime() -> None:
    heavy = ("zmq", "onnxruntime", "torch")
    code = f"import sys, groovelive.protocol.engine; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
