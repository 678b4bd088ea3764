"""Model folders: the page's example is served as it stands, and one that is damaged or lies is told of, not served."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groovelive import Groove, GrooveError
from groovelive.engine import handlers, models, validation
from groovelive.midi_files.writer import grooves_to_midi
from groovelive.model import Model, load
from groovelive.model.model import WEIGHTS
from groovelive.protocol.base import Array, EngineError, Failure
from groovelive.protocol.engine import (
    AnyRequest,
    Decode,
    Encode,
    EngineHello,
    Generate,
    Grooves,
    Random,
    WalkRequest,
    Welcome,
)
from tests.support import tiny_onnx
from tests.support.engine_process import Raw, process
from tests.support.paths import DOCS

PAGE = (DOCS / "models.md").read_text(encoding="utf-8")
EXAMPLE = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.S)[0])


@pytest.fixture
def shaker(tmp_path: Path) -> Path:
    """The example of the page, with its network."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(EXAMPLE))
    (folder / "drum.onnx").write_bytes(tiny_onnx.shaker())
    return folder


def change(folder: Path, **values: Any) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | values))


@pytest.fixture(scope="module")
def shipped() -> dict[str, Model]:
    return {"groove": load()}


def ask(models: dict[str, Model], request: AnyRequest) -> Any:
    return handlers.run(handlers.start(request, models))


def grooves(reply: Grooves) -> list[Groove]:
    return [Groove.from_hvo(hvo) for hvo in reply.grooves.numpy()]


# The example


def test_the_pages_example_is_in_order(shaker: Path) -> None:
    assert models.check(shaker) == []


def test_the_pages_example_is_served_with_its_controls(shaker: Path) -> None:
    with process(shaker) as (address, _), Raw(address) as client:
        welcome = client.ask(EngineHello())
        assert isinstance(welcome, Welcome)
        assert [m.name for m in welcome.models] == ["shaker", "groove"]
        own = welcome.models[0].controls["lateness"]
        assert (own.low, own.high, own.default, own.input) == (0, 0.4, 0.1, "lateness")
        tap = Groove.parse("x..x..x.")
        for extra, late in (({}, 0.1), ({"lateness": 0.3}, 0.3)):
            reply = client.ask(Generate(tap=Array.of(tap.tap()), model="shaker", extra=extra))
            assert isinstance(reply, Grooves)
            (groove,) = grooves(reply)
            assert {n.voice for n in groove} == {2}
            assert [n.step for n in groove] == [n.step for n in tap]
            assert np.allclose([n.offset for n in groove], late)
        for request, code, field in (
            (Generate(tap="x", extra={"lateness": 0.5}), "OUT_OF_RANGE", "extra"),
            (Generate(tap="x", extra={"latenes": 0.1}), "UNKNOWN_NAME", "extra"),
            (Generate(tap="x", genre="funk"), "UNSUPPORTED", "genre"),
            (Generate(tap="x", temperature=5), "OUT_OF_RANGE", "temperature"),
            (Generate(tap="x", latents=True), "UNSUPPORTED", "latents"),
            (Encode(taps="x"), "UNSUPPORTED", "type"),
            (WalkRequest(start="x", end="x"), "UNSUPPORTED", "type"),
            (Generate(tap="x", model="shakr"), "UNKNOWN_MODEL", "model"),
        ):
            failure = client.ask(request)
            assert isinstance(failure, Failure)
            assert (failure.code, failure.field) == (code, field), failure.message


@pytest.mark.torch
def test_the_pages_code_makes_both_networks(shaker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    monkeypatch.chdir(shaker)
    exec(compile(code, "models.md", "exec"), {})
    requests = [Generate(tap="x..x..xx", extra={"lateness": x}, probabilities=True) for x in (0, 0.2)]
    answers = {}
    for backend in ("onnx", "torch"):
        change(shaker, files={"drum": "drum.onnx" if backend == "onnx" else "drum.pt"})
        assert models.check(shaker) == []
        model = load(shaker)
        assert model.network.drum.backend == backend
        answers[backend] = [ask({"shaker": model}, request) for request in requests]
    for a, b in zip(answers["onnx"], answers["torch"], strict=True):
        assert np.allclose(a.probabilities.numpy(), b.probabilities.numpy(), atol=1e-4)
        assert np.allclose(a.grooves.numpy(), b.grooves.numpy(), atol=1e-6)


@pytest.mark.torch
def test_both_backends_give_the_same_grooves(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    from groovelive.model import manifest
    from groovelive.model.network import ROLES
    from groovelive.training import export
    from groovelive.training.checkpoint import modules
    from groovelive.training.net import Config, GrooveNet

    genres = ("funk", "jazz")
    torch.manual_seed(0)
    net = GrooveNet(Config(genres, width=32, hidden=32, drum_blocks=2)).eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    export.write_onnx(net, tmp_path)
    example = {
        "tap": torch.rand(2, 32, 3).round(), "z": torch.rand(2, net.config.latent), "genre": torch.eye(3)[:2],
        "density": torch.zeros(2, 6), "known": torch.zeros(2, 6),
    }  # fmt: skip
    for role, module in modules(net).items():
        with torch.no_grad():
            traced = torch.jit.trace(module.eval(), tuple(example[name] for name in ROLES[role][0]))
        traced.save(str(tmp_path / f"{role}.pt"))
    file = {role: name for role, name in export.FILES.items() if (tmp_path / name).exists()}
    export.save(manifest.Manifest(1, "both", "1", file, genres, net.config.latent, manifest.CONTROLS), tmp_path)
    onnx, script = load(tmp_path, "onnx"), load(tmp_path, "torch")
    assert (onnx.network.drum.backend, script.network.drum.backend) == ("onnx", "torch")
    requests: list[AnyRequest] = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        tap = (rng.random((32, 3)) * [1, 1, 0.5]) * (rng.random((32, 1)) < 0.5)
        tap[:, 0] = tap[:, 0] > 0
        genre: Any = (None, "funk", {"funk": 1, "jazz": 2})[seed % 3]
        sampling: Any = ("threshold", "bernoulli")[seed % 2]
        requests.append(
            Generate(tap=Array.of(tap), genre=genre, seed=seed, sampling=sampling, probabilities=True, latents=True)
        )
    requests.append(Random(count=4, probabilities=True))
    for request in requests:
        a, b = ask({"both": onnx}, request), ask({"both": script}, request)
        assert np.abs(a.probabilities.numpy() - b.probabilities.numpy()).max() <= 1e-4
        assert np.abs(a.latents.numpy() - b.latents.numpy()).max() <= 1e-4
        hvo, other = a.grooves.numpy(), b.grooves.numpy()
        assert np.array_equal(hvo[..., :9], other[..., :9])
        assert np.abs(hvo - other).max() <= 1e-4


# What is wrong with a folder


def cut(folder: Path) -> None:
    data = (folder / "drum.onnx").read_bytes()
    (folder / "drum.onnx").write_bytes(data[: len(data) // 2])


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "no manifest": (lambda f: (f / "manifest.json").unlink(), "no manifest.json"),
    "not JSON": (lambda f: (f / "manifest.json").write_text("{"), "is not a model manifest"),
    "another format": (lambda f: change(f, format=2), "has the format 2"),
    "a field of a wrong type": (lambda f: change(f, latent="64"), "is not a model manifest"),
    "no network": (lambda f: change(f, files={}), "files must name 'drum'"),
    "a missing file": (lambda f: (f / "drum.onnx").unlink(), "not in its folder"),
    "a file elsewhere": (lambda f: change(f, files={"drum": "../drum.onnx"}), "in the same folder"),
    "a pickle": (lambda f: change(f, files={"drum": "drum.pkl"}), "must be an .onnx or .pt file"),
    "half a file": (cut, "is damaged"),
    "noise": (lambda f: (f / "drum.onnx").write_bytes(bytes(range(256)) * 40), "is damaged"),
    "an empty file": (lambda f: (f / "drum.onnx").write_bytes(b""), "is damaged"),
    "eight voices": (lambda f: (f / "drum.onnx").write_bytes(tiny_onnx.shaker(8)), "(n, 32, 9)"),
    "velocities of 3": (lambda f: (f / "drum.onnx").write_bytes(tiny_onnx.shaker(velocity=3)), "lie from 0 to 1"),
    "no numbers": (lambda f: (f / "drum.onnx").write_bytes(tiny_onnx.shaker(velocity=np.nan)), "not finite"),
    "a fixed batch": (
        lambda f: (f / "drum.onnx").write_bytes(tiny_onnx.shaker(inputs={"tap": (1, 32, 3), "lateness": (1, 1)})),
        "does not take what the manifest says",
    ),
    "16 steps": (
        lambda f: (f / "drum.onnx").write_bytes(tiny_onnx.shaker(inputs={"tap": ("n", 16, 3), "lateness": ("n", 1)})),
        "does not take what the manifest says",
    ),
    "an unknown input": (lambda f: change(f, controls={}), "wants the input 'lateness'"),
    "a control for nothing": (
        lambda f: change(
            f, controls=EXAMPLE["controls"] | {"x": {"about": "", "low": 0, "high": 1, "default": 0, "input": "x"}}
        ),
        "goes to the input 'x', which drum.onnx lacks",
    ),
    "genres for nothing": (lambda f: change(f, genres=["funk"]), "no input 'genre'"),
    "two alike genres": (lambda f: change(f, genres=["funk", "funk"]), "different"),
    "a latent for nothing": (lambda f: change(f, latent=64), "latent must be"),
    "eight thresholds": (lambda f: change(f, thresholds=[0.5] * 8), "must have 9 numbers"),
    "a default outside": (
        lambda f: change(
            f, controls={"lateness": {"about": "", "low": 0, "high": 0.1, "default": 1, "input": "lateness"}}
        ),
        "must lie from 0 to 0.1",
    ),
    "a range upside down": (
        lambda f: change(f, controls={"temperature": {"about": "", "low": 2, "high": 1}}),
        "low below high",
    ),
    "a wider range": (
        lambda f: change(f, controls={"density": {"about": "", "low": 0, "high": 2}}),
        "must keep within 0 to 1",
    ),
    "half a latent space": (lambda f: change(f, files={"drum": "drum.onnx", "encode": "drum.onnx"}), "'recall'"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_told(shaker: Path, wrong: str) -> None:
    spoil, sentence = WRONG[wrong]
    spoil(shaker)
    problems = models.check(shaker)
    assert any(sentence in problem for problem in problems), problems


def test_the_shipped_model_with_lies_in_its_manifest(tmp_path: Path) -> None:
    shutil.copytree(WEIGHTS, tmp_path / "m")
    assert models.check(tmp_path / "m") == []
    true = json.loads((tmp_path / "m" / "manifest.json").read_text())
    change(tmp_path / "m", genres=true["genres"][:-1])
    assert any("genre" in problem for problem in models.check(tmp_path / "m"))
    change(tmp_path / "m", genres=true["genres"], latent=true["latent"] + 1, directions={})
    problems = models.check(tmp_path / "m")
    assert any("encode.onnx" in p for p in problems) and any("preset" in p for p in problems)
    change(tmp_path / "m", latent=true["latent"], files=true["files"] | {"encode": "recall.onnx"})
    assert any("recall.onnx" in problem for problem in models.check(tmp_path / "m"))


def test_a_bad_model_is_passed_over_and_told_of(shaker: Path, tmp_path: Path) -> None:
    for name, spoil in (("half", cut), ("narrow", WRONG["eight voices"][0])):
        shutil.copytree(shaker, tmp_path / "all" / name)
        spoil(tmp_path / "all" / name)
    shutil.copytree(shaker, tmp_path / "all" / "right")
    with process(tmp_path / "all") as (address, engine), Raw(address) as client:
        welcome = client.ask(EngineHello())
        assert isinstance(welcome, Welcome)
        assert [m.name for m in welcome.models] == ["shaker", "groove"]
        assert [Path(fault.folder).name for fault in welcome.faults] == ["half", "narrow"]
        assert "damaged" in welcome.faults[0].message and "(n, 32, 9)" in welcome.faults[1].message
        assert isinstance(client.ask(Generate(tap="x..x", model="shaker")), Grooves)
        engine.kill()
        told = engine.communicate()[1]
        assert "half is not served" in told and "narrow is not served" in told


def test_models_of_one_name_go_by_their_folders(shaker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config"
    shutil.copytree(shaker, config / "models" / "other")
    monkeypatch.setenv("GROOVELIVE_CONFIG", str(config))
    found, faults = models.load_all([shaker])
    assert list(found) == ["shaker", "groove", "other"] and faults == []


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(GrooveError, match="there is no model in"):
        models.folders([tmp_path])


def test_a_network_that_fails_later_is_an_error_of_its_request(shaker: Path) -> None:
    model = load(shaker)
    model.network.drum._run = lambda feeds: [np.full((1, 32, 9), x, np.float32) for x in (9.0, 2.0, 0.0)]  # type: ignore
    with pytest.raises(EngineError) as caught:
        ask({"shaker": model}, Generate(tap="x..x"))
    assert caught.value.code == "INTERNAL"


# Requests, without a socket


def test_the_engine_answers_as_the_model_does(shipped: dict[str, Model]) -> None:
    model = shipped["groove"]
    tap = Groove.parse("x..x..x. x.x..x.x")
    for controls in (
        {}, {"genre": "funk"}, {"genre": {"funk": 0.3, "jazz": 0.7}, "density": 0.4}, {"redirect": ("hats",)},
        {"density": {"kick": 0.2}, "max_hits": 9}, {"density": {"hats": 0.5, "oh": 0.1}},
        {"sampling": "bernoulli", "seed": 5, "temperature": 1.4},
        {"follow": 0.4, "genre": "rock"}, {"follow": 0, "preset": next(iter(model.presets))},
        {"threshold": {"hats": 0.3}},
    ):  # fmt: skip
        for source in (Array.of(tap.tap()), Array.of(tap.hvo)):
            reply = ask(shipped, Generate(tap=source, **controls))
            assert grooves(reply) == [model.mirror(tap, **controls)]
    z = model.encode(tap)
    assert np.array_equal(ask(shipped, Encode(taps=Array.of(tap.tap()))).latents.numpy(), z[None])
    assert grooves(ask(shipped, Decode(z=Array.of(z), genre="jazz"))) == [model.decode(z, genre="jazz")]
    preset = next(iter(model.presets))
    assert grooves(ask(shipped, Decode(z=preset))) == [model.decode(preset)]
    random = ask(shipped, Random(count=3, seed=4, sampling="bernoulli"))
    assert grooves(random) == [model.random(seed, sampling="bernoulli") for seed in (4, 5, 6)]
    for path in ("linear", "slerp"):
        walk = ask(shipped, WalkRequest(start=Array.of(tap.tap()), end="jazz", steps=6, path=path))
        assert grooves(walk) == model.walk(tap, "jazz", 6, path=path)
        assert walk.latents.shape == (6, model.manifest.latent)


@pytest.mark.parametrize("bars", [1, 3, 5])
def test_a_tap_of_any_whole_bars_is_answered(shipped: dict[str, Model], bars: int) -> None:
    tap = Groove.parse("x..x..x. x.x..x.x").repeat(3)[:bars]
    reply = ask(shipped, Generate(tap=Array.of(tap.tap()), probabilities=True, latents=True))
    assert grooves(reply) == [shipped["groove"].mirror(tap)]
    assert reply.probabilities.shape == (1, 16 * bars, 9) and reply.latents.shape[0] == -(-bars // 2)


def test_probabilities_are_those_that_bernoulli_draws_by(shipped: dict[str, Model]) -> None:
    request = Generate(tap="x..x..x.", genre="funk", redirect=("toms",), sampling="bernoulli", probabilities=True)
    first = ask(shipped, request).probabilities.numpy()[0]
    assert first.min() >= 0 and first.max() <= 1 and (first[:, 4:7] == 0).all()
    drawn = [ask(shipped, Generate(tap="x..x..x.", genre="funk", redirect=("toms",), sampling="bernoulli",
                                        seed=seed)).grooves.numpy()[0, :, :9] for seed in range(150)]  # fmt: skip
    assert np.abs(np.mean(drawn, 0) - first).max() < 0.2
    assert abs(np.mean(drawn) - first.mean()) < 0.01


def test_many_latents_are_as_each_alone(shipped: dict[str, Model]) -> None:
    z = np.random.default_rng(0).standard_normal((11, shipped["groove"].manifest.latent)).astype(np.float32)
    for controls in ({}, {"sampling": "bernoulli", "seed": 3}, {"redirect": ("kick",), "genre": "funk"}):
        together = ask(shipped, Decode(z=Array.of(z), **controls)).grooves.numpy()
        alone = [ask(shipped, Decode(z=Array.of(one), **controls)).grooves.numpy()[0] for one in z]
        assert np.array_equal(together, np.stack(alone))


def test_a_random_walk_keeps_its_ends_and_its_seed(shipped: dict[str, Model]) -> None:
    a, b = np.random.default_rng(0).standard_normal((2, shipped["groove"].manifest.latent)).astype(np.float32)
    walk: dict[str, Any] = {"start": Array.of(a), "end": Array.of(b), "path": "random", "steps": 9}
    one = ask(shipped, WalkRequest(**walk, seed=1)).latents.numpy()
    assert np.allclose(one[0], a) and np.allclose(one[-1], b, atol=1e-5)
    assert np.array_equal(one, ask(shipped, WalkRequest(**walk, seed=1)).latents.numpy())
    assert not np.array_equal(one, ask(shipped, WalkRequest(**walk, seed=2)).latents.numpy())
    straight = ask(shipped, WalkRequest(**walk, wander=0)).latents.numpy()
    assert np.allclose(straight, np.linspace(a, b, 9), atol=1e-5)
    halfway = [ask(shipped, WalkRequest(**walk, seed=s)).latents.numpy()[4] - (a + b) / 2 for s in range(20)]
    assert 0.9 < np.std(halfway) < 1.1
    free = ask(shipped, WalkRequest(start=Array.of(a), path="random", steps=64)).latents.numpy()
    assert np.array_equal(free[0], a) and 0.8 < free.std() < 1.2


@pytest.mark.parametrize(
    ("request_", "code", "field"),
    [
        (Generate(tap="x..x", density=2), "OUT_OF_RANGE", "density"),
        (Generate(tap="x..x", density={"hat": 0.2}), "UNKNOWN_NAME", "density"),
        (Generate(tap="x..x", density={"hh": 2}), "OUT_OF_RANGE", "density"),
        (Generate(tap="x..x", density={"hats": 0.1, "hh": 0.2}), "OUT_OF_RANGE", "density"),
        (Generate(tap="x..x", genre="fnuk"), "UNKNOWN_NAME", "genre"),
        (Generate(tap="x..x", genre={"funk": -1}), "OUT_OF_RANGE", "genre"),
        (Generate(tap="x..x", redirect=("drums",)), "UNKNOWN_NAME", "redirect"),
        (Generate(tap="x..x", redirect=("kick",), density={"kick": 0.5}), "OUT_OF_RANGE", "redirect"),
        (Generate(tap="x..x", guidance=-1), "OUT_OF_RANGE", "guidance"),
        (Generate(tap="x..x", temperature=0), "OUT_OF_RANGE", "temperature"),
        (Generate(tap="x..x", threshold={"gong": 0.5}), "UNKNOWN_NAME", "threshold"),
        (Generate(tap="x..x", max_hits=33), "OUT_OF_RANGE", "max_hits"),
        (Generate(tap="x..x", follow=1.5), "OUT_OF_RANGE", "follow"),
        (Generate(tap="x..x", follow=0, preset="no such thing"), "UNKNOWN_NAME", "preset"),
        (Generate(tap="x..x", preset="x..x..x."), "OUT_OF_RANGE", "preset"),
        (Generate(tap="x..x", follow=0, preset=Array.of([1, 2])), "OUT_OF_RANGE", "preset"),
        (Generate(tap="x..x", locks=("kick",)), "OUT_OF_RANGE", "locks"),
        (Generate(tap="x..x", keep=Array.of(np.zeros((32, 27)))), "OUT_OF_RANGE", "locks"),
        (Generate(tap="x..x", keep=Array.of(np.ones((32, 27)) * 2), locks=(0,)), "OUT_OF_RANGE", "keep"),
        (Generate(tap="x..x", extra={"x": 1}), "UNKNOWN_NAME", "extra"),
        (Generate(tap="x..", model="other"), "UNKNOWN_MODEL", "model"),
        (Generate(tap="[bd"), "OUT_OF_RANGE", "tap"),
        (Generate(tap="/etc/passwd"), "OUT_OF_RANGE", "tap"),
        (Generate(tap=Array.of(np.zeros((33, 3)))), "OUT_OF_RANGE", "tap"),
        (Generate(tap=Array.of(np.zeros((32, 4)))), "OUT_OF_RANGE", "tap"),
        (Generate(tap=Array.of(np.full((32, 3), 0.5))), "OUT_OF_RANGE", "tap"),
        (Generate(tap=Array.of(np.zeros((16 * 65, 3)))), "TOO_LARGE", "tap"),
        (Encode(taps=Array.of(np.zeros((16, 3)))), "OUT_OF_RANGE", "taps"),
        (Encode(taps=Array.of(np.zeros((257, 32, 3)))), "TOO_LARGE", "taps"),
        (Decode(z=Array.of(np.zeros(63))), "OUT_OF_RANGE", "z"),
        (Decode(z="nobody"), "UNKNOWN_NAME", "z"),
        (Decode(z=Array.of(np.zeros((257, 64)))), "TOO_LARGE", "z"),
        (WalkRequest(start="jazz"), "BAD_REQUEST", "end"),
        (WalkRequest(start="jazz", end="nowhere at all"), "UNKNOWN_NAME", "end"),
        (WalkRequest(start="jazz", end="funk", density=7), "OUT_OF_RANGE", "density"),
    ],
)
def test_what_a_model_refuses_is_told_with_its_field(
    shipped: dict[str, Model], request_: AnyRequest, code: str, field: str
) -> None:
    with pytest.raises(EngineError) as caught:
        ask(shipped, request_)
    assert (caught.value.code, caught.value.field) == (code, field), str(caught.value)


def test_a_text_never_opens_a_file(shipped: dict[str, Model], tmp_path: Path) -> None:
    path = tmp_path / "beat.mid"
    path.write_bytes(grooves_to_midi(Groove.parse("x..x")))
    for request in (
        Generate(tap=str(path)), Encode(taps=str(path)), WalkRequest(start=str(path), end="jazz"),
        Generate(tap="x", follow=0, preset=str(path)), Decode(z=str(path)),
    ):  # fmt: skip
        with pytest.raises(EngineError):
            ask(shipped, request)


def test_the_manifests_defaults_count(tmp_path: Path) -> None:
    shutil.copytree(WEIGHTS, tmp_path / "m")
    controls = json.loads((WEIGHTS / "manifest.json").read_text())["controls"]
    controls["sampling"]["default"] = "bernoulli"
    controls["density"]["default"] = 0.25
    controls["genre"]["default"] = "jazz"
    change(tmp_path / "m", controls=controls)
    model = load(tmp_path / "m")
    reply = ask({"m": model}, Generate(tap="x..x..x.", seed=8))
    expected = load().mirror("x..x..x.", seed=8, sampling="bernoulli", density=0.25, genre="jazz")
    assert grooves(reply) == [expected]
    assert validation.given(model, Generate(tap="x", density=0.5), "density") == 0.5
