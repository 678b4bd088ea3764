"""Data, training and export: a real, small training run on drums that are made up here."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from groovelive import Groove, GrooveError
from groovelive.midi_files import reader as midifile
from groovelive.model import load
from groovelive.training import data, evaluate, metrics

pytestmark = pytest.mark.timeout(400)

HEADER = ["drummer", "style", "bpm", "beat_type", "time_signature", "midi_filename", "split"]


def made_up(rng: np.random.Generator, style: str, bars: int) -> Groove:
    """A drummer whose choice of voices depends on the whole bar and on lateness, which no table of steps can know."""
    cells = np.zeros((3, bars * 16, 9))
    for bar in range(bars):
        base = 16 * bar
        pickup = rng.random() < 0.5  # with a hit on step 3 the backbeat goes to the toms
        cells[0, base : base + 16 : 2, 8 if style == "jazz" else 2] = 1
        cells[0, [base, base + 8], 0] = 1
        cells[0, [base + 4, base + 12], 4 if pickup else 1] = 1
        if pickup:
            cells[0, base + 3, 0] = 1
    cells[1] = cells[0] * np.clip(rng.normal(0.6, 0.1, cells[0].shape), 0.2, 1)
    cells[1, :, [0, 1, 4]] *= 1.3
    cells[2] = cells[0] * np.clip(rng.normal(0.2 if style == "jazz" else 0.0, 0.05, cells[0].shape), -0.4, 0.4)
    return Groove(cells[0], cells[1].clip(0, 1), cells[2])


def archive(path: Path, performances: int = 32, bars: int = 20, rows: dict[str, str] | None = None) -> Path:
    """Write a data set of the layout of the Groove MIDI Dataset."""
    rng = np.random.default_rng(0)
    table = io.StringIO()
    writer = csv.DictWriter(table, HEADER)
    writer.writeheader()
    with zipfile.ZipFile(path, "w") as file:
        for i in range(performances):
            style = "jazz" if i % 2 else "rock"
            name = f"drummer1/{i}.mid"
            row = dict(zip(HEADER, ["drummer1", f"{style}/x", "120", "fill" if i % 8 == 7 else "beat", "4-4", name,
                                    "validation" if i >= performances * 3 // 4 else "train"], strict=True))  # fmt: skip
            writer.writerow(row | (rows or {}))
            file.writestr(f"groove/{name}", midifile.grooves_to_midi(made_up(rng, style, bars)))
        file.writestr("groove/info.csv", table.getvalue())
    return path


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return archive(tmp_path_factory.mktemp("data") / "small.zip")


# Data


def test_loops_overlap_by_a_bar_and_know_their_performance(small):
    loops = data.read_dataset(small, "train")
    assert len(loops) == 24 * 19 and loops.hvo.shape == (len(loops), 32, 27)
    assert set(loops.genre.tolist()) == {"rock", "jazz"}
    assert (np.unique(loops.performance, return_counts=True)[1] == 19).all()
    assert not loops.beat.all() and loops.beat.sum() == 21 * 19
    assert (loops.hvo[0, 16:] == loops.hvo[1, :16]).all()


def test_pairs_join_the_loops_as_other_performances(small, tmp_path):
    loops = data.read_dataset(small, "train")
    path = tmp_path / "pairs.npz"
    np.savez(path, drums=loops.hvo[:10].astype(np.float16), song=np.array(["a"] * 5 + ["b"] * 5),
             split=np.array(["train"] * 9 + ["validation"]))  # fmt: skip
    pairs = data.read_pairs(path)
    assert len(pairs) == 9 and set(pairs.genre.tolist()) == {""}
    both = loops + pairs
    assert len(both) == len(loops) + 9
    assert len(set(both.performance.tolist())) == 24 + 2


@pytest.mark.parametrize("split", ["test", "trian"])
def test_a_split_that_is_not_there(small, split):
    with pytest.raises(GrooveError, match=split):
        data.read_dataset(small, split)


def test_archives_that_are_none(tmp_path):
    with pytest.raises(GrooveError, match="no file"):
        data.read_dataset(tmp_path / "none.zip", "train")
    (tmp_path / "bad.zip").write_bytes(b"PK nonsense")
    with pytest.raises(GrooveError, match=r"bad\.zip is not a readable zip"):
        data.read_dataset(tmp_path / "bad.zip", "train")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as file:
        file.writestr("readme", "")
    with pytest.raises(GrooveError, match=r"no info\.csv"):
        data.read_dataset(tmp_path / "empty.zip", "train")
    with pytest.raises(GrooveError, match="no 4/4"):
        data.read_dataset(archive(tmp_path / "odd.zip", 2, 2, {"time_signature": "5-8"}), "train")
    np.savez(tmp_path / "pairs.npz", drums=np.zeros((3, 32, 9)), song=np.arange(3), split=np.array(["train"] * 3))
    with pytest.raises(GrooveError, match=r"\(n, 32, 27\)"):
        data.read_pairs(tmp_path / "pairs.npz")


# Metrics


def test_metrics_of_a_known_case():
    hvo = np.zeros((1, 32, 27), np.float32)
    hvo[0, [0, 8], 0], hvo[0, [0, 8], 9], hvo[0, [0, 8], 18] = 1, [0.5, 1.0], [0.1, -0.1]
    played = np.zeros((1, 32, 9), bool)
    played[0, [0, 4], 0] = True
    scores = metrics.scores(played, np.full((1, 32, 9), 0.75, np.float32), np.zeros((1, 32, 9), np.float32), hvo)
    assert scores["precision"] == scores["recall"] == scores["f1"] == 0.5
    assert scores["accuracy"] == pytest.approx(286 / 288)
    assert scores["velocity_mae"] == pytest.approx(0.25) and scores["offset_mae"] == pytest.approx(0.1)
    assert scores["density_error"] == 0 and scores["agreement"] == pytest.approx(30 / 32)
    assert scores["velocity_mean_ratio"] == pytest.approx(1.0) and scores["instruments"] == 1


def test_the_shipped_model_beats_the_baselines_on_drums_it_has_not_seen(small, monkeypatch):
    monkeypatch.setattr(evaluate, "steering", lambda *_: {"genre_accuracy": None, "genre_ceiling": None})
    result = evaluate.evaluate(load(), str(small), "validation", limit=24)
    assert result["groove"]["f1"] > result["baselines"]["copy"]["f1"] > result["baselines"]["empty"]["f1"] == 0
    assert result["full"]["f1"] > result["groove"]["f1"]
    assert result["full"]["density_error"] == 0
    assert all(r > 0.99 for r in result["controls"]["density_correlation"].values())
    assert result["controls"]["redirect_leak"] == 0 and result["controls"]["redirect_energy"] < 0.15
    assert result["latent"]["active_dims"] > 32
    text = evaluate.table(result)
    assert "groove only" in text and "needs torch" in text


# Training


@pytest.fixture(scope="module")
def trained(small, tmp_path_factory):
    """One short training run of a small network, and what it learnt from."""
    pytest.importorskip("torch", reason="torch is not installed")
    import torch

    from groovelive.training import train as training
    from groovelive.training.batches import Batches
    from groovelive.training.net import Config
    from groovelive.training.recipes import Recipe

    torch.set_num_threads(1)
    loops, held = data.read_dataset(small, "train"), data.read_dataset(small, "validation")
    genres = ("jazz", "rock")
    recipe = Recipe(
        "smoke", epochs=40, batch=32, rate=3e-3, teaching=0, average=0.98,
        config=Config(genres, width=32, hidden=64, drum_blocks=2, dropout=0.0),
    )  # fmt: skip
    out = tmp_path_factory.mktemp("run")
    batches = Batches.of(loops, genres), Batches.of(held.where(held.beat), genres)
    net = training.fit(recipe, *batches, out)
    return training, recipe, net, batches, out, loops, held


@pytest.mark.torch
def test_training_lowers_the_loss_and_beats_the_step_table(trained):
    _, _, _, _, out, loops, held = trained
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert len(lines) == 40
    assert lines[-1]["loss"] < 0.5 * lines[0]["loss"]
    held = held.where(held.beat)
    taps = np.stack([Groove.from_hvo(x).tap() for x in held.hvo])
    table = evaluate.baselines(loops, held, taps)["table"]["f1"]
    assert lines[-1]["groove_f1"] > table + 0.05


@pytest.mark.torch
def test_training_resumes_to_the_same_weights(trained, tmp_path):
    import torch

    training, recipe, _, (train, _), _, _, _ = trained
    short = replace(recipe, epochs=2)
    whole = training.fit(short, train, None, tmp_path)
    (tmp_path / "again").mkdir()

    def interrupt(text: str, part: float) -> None:
        if part >= 0.5:  # in the second of the two epochs
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.fit(short, train, None, tmp_path / "again", progress=interrupt)
    resumed = training.fit(short, train, None, tmp_path / "again")
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)
    with pytest.raises(GrooveError, match="another recipe"):
        training.fit(replace(short, rate=1e-3), train, None, tmp_path)


@pytest.mark.torch
def test_a_student_learns_from_its_teacher(trained, tmp_path):
    from groovelive.training.net import GrooveNet

    training, recipe, net, (train, held), _, _, _ = trained
    taught = replace(recipe, name="student", epochs=3, teaching=1.0)
    before = training.validate(GrooveNet(recipe.config).eval(), held)["groove_f1"]
    student = training.fit(taught, train, held, tmp_path, [net])
    assert training.validate(student, held)["groove_f1"] > before + 0.2


@pytest.mark.torch
def test_onnx_and_torch_agree(trained, tmp_path):
    import onnxruntime
    import torch

    from groovelive.model.network import ROLES
    from groovelive.training import export
    from groovelive.training.checkpoint import modules

    _, _, net, _, _, loops, _ = trained
    export.write_onnx(net, tmp_path)
    taps = torch.from_numpy(np.stack([Groove.from_hvo(x).tap() for x in loops.hvo[:7]]))
    n = len(taps)
    rng = torch.Generator().manual_seed(0)
    given = {
        "tap": taps, "z": torch.randn(n, 64, generator=rng), "genre": torch.eye(3)[torch.arange(n) % 3],
        "density": torch.rand(n, 6, generator=rng), "known": (torch.rand(n, 6, generator=rng) > 0.5).float(),
    }  # fmt: skip
    for role, module in modules(net).items():
        inputs, outputs = ROLES[role]
        with torch.no_grad():
            expected = module(*(given[name] for name in inputs))
        expected = expected if isinstance(expected, tuple) else (expected,)
        session = onnxruntime.InferenceSession(str(tmp_path / export.FILES[role]))
        found = session.run(list(outputs), {name: given[name].numpy() for name in inputs})
        for a, b in zip(expected, found, strict=True):
            if role == "drum":
                a, b = (torch.sigmoid(a), 1 / (1 + np.exp(-b))) if a is expected[0] else (a, b)
            assert np.abs(a.numpy() - b).max() <= 1e-4, role


@pytest.mark.torch
def test_a_whole_model_folder_drums(trained, tmp_path):
    from groovelive.training import export

    _, _, net, _, _, loops, held = trained
    manifest = export.write_model(net, tmp_path, loops, held, ("made up",))
    model = load(tmp_path)
    assert model.genres == ("jazz", "rock") and set(manifest.directions) == {
        "density",
        "syncopation",
        "swing",
        "energy",
    }
    assert {p.genre for p in model.presets.values()} == {"jazz", "rock"}
    jazz, rock = (model.drum("x.x.x.x.", genre=g) for g in ("jazz", "rock"))
    assert jazz.hits[:, 8].sum() > rock.hits[:, 8].sum() and rock.hits[:, 2].sum() > jazz.hits[:, 2].sum()


@pytest.mark.torch
def test_the_classifier_hears_genres(trained):
    from groovelive.training.classifier import Classifier

    _, _, _, _, _, loops, held = trained
    judge = Classifier(loops.hvo, loops.genre, ["rock", "jazz"], epochs=8)
    assert (judge.names(held.hvo) == held.genre).mean() > 0.9


@pytest.mark.torch
def test_the_command_trains_measures_and_writes_a_card(small, tmp_path, monkeypatch, capsys):
    from groovelive.training import train as training
    from groovelive.training.recipes import recipes

    def small_recipes(genres, epochs):
        taught, student = whole(genres, epochs)
        shrunk = [
            replace(r, epochs=1, config=replace(r.config, width=16, heads=2, hidden=16, drum_blocks=1))
            for r in (*taught[:2], student)
        ]
        return shrunk[:-1], shrunk[-1]

    whole = recipes
    monkeypatch.setattr(training, "recipes", small_recipes)
    assert training.main(["--data", str(small), "--out", str(tmp_path / "run"), "--epochs", "0.1"]) == 0
    made = tmp_path / "run"
    for name in (
        "teacher-1.pt",
        "teacher-2.pt",
        "student.pt",
        "metrics.jsonl",
        "metrics.png",
        "model/card.md",
    ):
        assert (made / name).stat().st_size > 0, name
    card = (made / "model" / "card.md").read_text()
    assert "teacher-2" in card and "Groove MIDI Dataset" in card
    assert load(made / "model").manifest.figures["groove"]["f1"] > 0
    assert str(made / "model") in capsys.readouterr().out


@pytest.mark.torch
@pytest.mark.parametrize("words", [["--epochs", "0"], ["--data", "none.zip"]])
def test_training_refuses_in_one_sentence(small, tmp_path, words):
    from groovelive.training import train as training

    with pytest.raises(GrooveError):
        training.main(["--data", str(small), "--out", str(tmp_path), *words])


@pytest.mark.torch
def test_two_processes_train_one_network(tmp_path):
    data_set = archive(tmp_path / "tiny.zip", performances=20, bars=12)
    run = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m",
         "groovelive.training.train", "--data", data_set, "--out", tmp_path / "run", "--epochs", "0.01",
         "--no-teachers", "--no-figures"],
        capture_output=True, text=True, timeout=300, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert len(lines) == 1 and json.loads(lines[0])["loss"] > 0  # one line, of the first process
    assert len(load(tmp_path / "run" / "model").drum("x..x..x.", density=0.5)) == 32
