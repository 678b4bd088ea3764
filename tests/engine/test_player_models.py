"""The player of a model folder: tried before it is served, told to clients, and a damaged one is one sentence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groovelive import GrooveError
from groovelive.engine import handlers, models
from groovelive.model import load
from groovelive.model.model import WEIGHTS
from groovelive.protocol.base import EngineError
from groovelive.protocol.engine import Generate, Grooves, Play
from tests.support import tiny_onnx

SHIPPED = WEIGHTS / "player.npz"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model with the smallest mirror, and the shipped player."""
    made = tmp_path / "mine"
    made.mkdir()
    (made / "drum.onnx").write_bytes(tiny_onnx.shaker())
    shutil.copy(SHIPPED, made / "player.npz")
    manifest = {
        "format": 1,
        "name": "mine",
        "version": "1",
        "files": {"drum": "drum.onnx", "player": "player.npz"},
        "controls": {"lateness": {"about": "late", "low": 0, "high": 0.4, "default": 0.1, "input": "lateness"}},
    }
    (made / "manifest.json").write_text(json.dumps(manifest))
    return made


def change(folder: Path, **values: Any) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | values))


def rewritten(folder: Path, **changed: Any) -> None:
    with np.load(folder / "player.npz") as file:
        arrays: dict[str, Any] = {name: file[name] for name in file.files} | changed
    np.savez(folder / "player.npz", **arrays)


def header(folder: Path, **values: Any) -> None:
    with np.load(folder / "player.npz") as file:
        told = json.loads(str(file["header"]))
    rewritten(folder, header=json.dumps(told | values))


def test_a_player_beside_any_mirror_is_served_and_plays_as_the_shipped_one(folder: Path) -> None:
    assert models.check(folder) == []
    served = {"mine": load(folder)}
    info = models.info("mine", served["mine"])
    assert {"adherence", "variation", "complexity", "intensity", "instrument"} <= set(info.player)
    assert list(info.controls) == ["lateness"]
    reply = handlers.run(handlers.start(Play(tap="x..x..x.", seed=3), served))
    assert isinstance(reply, Grooves)
    assert np.array_equal(reply.grooves.numpy()[0], load().drum("x..x..x.", seed=3).hvo)


def test_without_a_player_clients_see_none_and_the_mirror_answers(folder: Path) -> None:
    change(folder, files={"drum": "drum.onnx"})
    assert models.check(folder) == []
    model = load(folder)
    assert models.info("mine", model).player == {}
    with pytest.raises(EngineError) as caught:
        handlers.run(handlers.start(Play(tap="x..x..x."), {"mine": model}))
    assert (caught.value.code, caught.value.field) == ("UNSUPPORTED", "type")
    assert "the model mine has no player" in caught.value.message
    reply = handlers.run(handlers.start(Generate(tap="x..x..x."), {"mine": model}))
    assert isinstance(reply, Grooves)
    assert np.array_equal(reply.grooves.numpy()[0], model.drum("x..x..x.").hvo)
    for ask in (lambda: model.loops("x..x..x.", 2), lambda: model.candidates("x..x..x.", 2), lambda: model.song("A2")):
        with pytest.raises(GrooveError, match="the model mine has no player"):
            ask()
    with pytest.raises(GrooveError, match="variation is the player's"):
        model.drum("x..x..x.", variation=2)


def cut(folder: Path) -> None:
    (folder / "player.npz").write_bytes(SHIPPED.read_bytes()[:50_000])


def scratched(folder: Path) -> None:
    data = bytearray(SHIPPED.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 2000] = bytes(2000)
    (folder / "player.npz").write_bytes(data)


DAMAGED: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut": (cut, "player.npz is not a file of a player's weights"),
    "scratched": (scratched, "player.npz is not a file of a player's weights"),
    "empty": (lambda f: (f / "player.npz").write_bytes(b""), "player.npz is not a file of a player's weights"),
    "a text": (lambda f: (f / "player.npz").write_text("weights"), "player.npz is not a file of a player's weights"),
    "gone": (lambda f: (f / "player.npz").unlink(), "is not in its folder"),
    "of a later version": (lambda f: header(f, version=99), "is of version 99"),
    "of other genres": (lambda f: header(f, genres=["polka"]), "knows other genres"),
    "no number": (lambda f: rewritten(f, sets_bias=np.full(512, np.nan, np.float32)), "not finite"),
    "one array short": (lambda f: rewritten(f, sets_bias=np.zeros(3, np.float32)), "must have the shape (512,)"),
    "an object": (lambda f: rewritten(f, sets_bias=np.array([{}], object)), "not a file of a player's weights"),
    "a network": (lambda f: change(f, files={"drum": "drum.onnx", "player": "drum.onnx"}), "must be an .npz file"),
    "a genre of none": (lambda f: change(f, genres=["klezmer"]), "the genre 'klezmer', which player.npz lacks"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_player_is_told_in_one_sentence_and_not_served(folder: Path, damage: str) -> None:
    spoil, said = DAMAGED[damage]
    spoil(folder)
    found = models.check(folder)
    assert any(said in sentence for sentence in found), found
    assert all("\n" not in sentence for sentence in found)
    served, faults = models.load_all([folder])
    assert list(served) == ["groove"] and len(faults) == 1
