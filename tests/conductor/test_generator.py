"""What the conductor asks the engine: the player where the model has one, else its mirror."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from groovelive.conductor.generator import Generator
from groovelive.engine import handlers
from groovelive.model import load
from groovelive.model.model import WEIGHTS, Model
from groovelive.protocol.engine import AnyReply, AnyRequest
from groovelive.score.edits import Edit, Rhythm
from groovelive.score.queries import Wish, informed, wish
from groovelive.score.score import Score


def generator(model: Model) -> Generator:
    def ask(request: AnyRequest) -> AnyReply:
        return handlers.run(handlers.start(request, {"groove": model}))  # type: ignore[return-value]

    return Generator(ask)


@pytest.fixture
def wanted() -> Wish:
    score = Score([Edit(beat=0, drummer="d1", path="source", value=Rhythm(text="x..x..x."))])
    found = wish(score, "d1", 0)
    assert found is not None and found.play is not None
    return informed(score, "d1", found, 0)


def test_a_model_without_a_player_is_asked_for_its_mirror(tmp_path: Path, wanted: Wish) -> None:
    folder = Path(shutil.copytree(WEIGHTS, tmp_path / "mirror"))
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["files"]["player"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    mirror = generator(load(folder))
    answered = mirror(wanted)
    assert answered == mirror(replace(wanted, play=None)) and answered.notes
    chances = mirror.chances(wanted)
    assert np.array_equal(chances, mirror.chances(replace(wanted, play=None)))
    assert generator(load())(wanted) != answered
