"""The player as the evaluation asks it: what it is told counts, and its nats are those of its own answers."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from groovelive.errors import GrooveError
from groovelive.model.model import load
from groovelive.model.player.player import DrumPlayer
from groovelive.model.player.request import PlayRequest
from groovelive.training.evaluation.command import main
from groovelive.training.evaluation.player_systems import PlayerNats, PlayerSolo, PlayerSystem
from groovelive.training.evaluation.takes import DrumTake


def test_nats_are_those_of_the_player_itself() -> None:
    player = DrumPlayer.load()
    request = PlayRequest(bars=4, lead=0, genre="funk", tempo=100, hands=False)
    answer = player.play(request)
    scored = PlayerNats(player.weights).nats(DrumTake(answer.rows, "funk", 100, 0), "style")
    np.testing.assert_allclose(scored.hits, answer.nats, atol=0.02)


def test_what_is_told_makes_a_take_less_surprising(beat) -> None:
    scorer, take = PlayerNats(DrumPlayer.load().weights), DrumTake(beat(4, 0, 0.02), "rock", 100, 0)
    nats = {told: scorer.nats(take, told) for told in ("nothing", "style", "rhythm", "locks")}
    hits = int(take.hvo[:, :9].sum())
    for one in nats.values():
        assert one.hits.shape == (64,) and one.velocities.shape == one.offsets.shape == (hits,)
        assert min(one.hits.min(), one.velocities.min(), one.offsets.min()) >= -1e-6
    assert nats["rhythm"].hits.sum() < nats["style"].hits.sum() != nats["nothing"].hits.sum()
    assert nats["locks"].hits.sum() < nats["nothing"].hits.sum()
    wild = scorer.nats(DrumTake(beat(4, 0, 0.3), "rock", 100, 0), "nothing")
    assert wild.hits.mean() > nats["nothing"].hits.mean()


def test_a_solo_goes_on_from_its_context_and_fills_where_told() -> None:
    system = PlayerSolo(DrumPlayer.load())
    asked = np.array([False, True])
    first = system.solo(2, "funk", 100, asked, 1, None)
    assert first.shape == (32, 27) and (first == system.solo(2, "funk", 100, asked, 1, None)).all()
    assert (first != system.solo(2, "funk", 100, ~asked, 1, None)).any()
    assert (first != system.solo(2, "jazz", 100, asked, 1, None)).any()
    assert (system.solo(2, "funk", 100, None, 1, first) != system.solo(2, "funk", 100, None, 1, None)).any()
    assert (system.solo(2, "funk", 100, None, 1, None) != PlayerSolo(system.player, top_k=1).solo(
        2, "funk", 100, None, 1, None)).any()  # fmt: skip


def test_programmed_drums_are_told_to_be_so_where_they_are_known() -> None:
    model = load()
    assert PlayerSystem(model)._told("programmed", "bass")["genre"] == "programmed"
    assert PlayerSystem(model)._told("", "typed")["genre"] is None
    mirror = SimpleNamespace(drum=model.mirror, genres=model.manifest.genres, player=None)
    assert PlayerSystem(mirror)._told("programmed", "bass")["genre"] is None  # type: ignore[arg-type]


def test_realism_is_measured_from_the_shell(
    archive: Path, pairs: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ["realism", "--data", str(archive), "--cache", str(tmp_path), "--stride", "24"]
    main([*words, "--pairs", str(pairs), "--sets", "D_bass", "--json"])
    result = json.loads(capsys.readouterr().out)
    assert set(result["sets"]) == {"D_bass"} == set(result["likeliest"])
    with pytest.raises(GrooveError, match="there is no set 'E'"):
        main([*words, "--sets", "E"])
    with pytest.raises(GrooveError, match="needs --pairs"):
        main([*words, "--sets", "D_bass"])


def test_the_player_and_its_solos_are_measured_from_the_shell(
    archive: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    main(["player", "--data", str(archive), "--cache", str(tmp_path), "--no-baseline"])
    assert "groove 1: 3 takes of validation, nats" in capsys.readouterr().out
    words = ["--solos", "2", "--draws", "1", "--long-solos", "0", "--songs", "1"]
    main(["longform", "--data", str(archive), "--cache", str(tmp_path), *words, "--json"])
    result = json.loads(capsys.readouterr().out)
    assert (result["n_solos"], result["n_draws"]) == (2, 1) and "long" not in result and "gain" in result["sections"]
