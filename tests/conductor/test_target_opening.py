"""What is said where a drummer plays and nothing can be heard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from groovelive.conductor import target_opening
from groovelive.conductor.clip_targets import ClipTargets
from groovelive.conductor.target_opening import Targets
from groovelive.errors import GrooveError
from groovelive.outputs import Outputs
from groovelive.protocol.session import Draft, When, Write
from groovelive.score.edits import Exact, Outs
from groovelive.score.targets import Osc
from tests.conductor.test_player import Stage

BEAT = Exact(text="bd*4")


class Rig:
    """A stage with targets whose embedded synth has no sound device, or fails to open."""

    def __init__(self, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stage, self.said = Stage(), list[str]()
        self.clients: tuple[str, ...] = ("maria",)
        monkeypatch.setattr(target_opening, "no_sound", lambda: why)

        def do(job: Callable[[], Any], then: Callable[[Any, GrooveError | None], None]) -> None:
            then(None, GrooveError("the device is busy"))

        self.targets = Targets(
            self.stage.player, cast(Outputs, None), cast(ClipTargets, None), do, self.said.append, lambda: self.clients
        )
        self.targets.open_default()

    def play(self, *drafts: Draft) -> None:
        self.stage.editor.write(Write(edits=drafts, when=When("now"), by="maria"))
        for _ in range(100):
            self.stage.ns += 10_000_000
            self.stage.player.turn()


@pytest.mark.parametrize(
    ("why", "told"), [("no sound device here", "no sound device here"), ("", "the device is busy")]
)
def test_it_is_said_when_the_first_note_would_sound(why: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(why, monkeypatch)
    rig.play()
    assert rig.said == []  # nothing is to be heard yet
    rig.play(Draft("source", BEAT, "d1"))
    assert len(rig.said) == 1
    assert rig.said[0].startswith(f"d1 plays, and nothing is heard: {told}. ")
    assert all(word in rig.said[0] for word in ("live.last(8).save", "midi(", "groovelive doctor sound"))
    rig.play(Draft("source", BEAT, "d2"))
    assert len(rig.said) == 1
    rig.clients = ("maria", "jo")
    rig.play()
    assert len(rig.said) == 2  # so that jo hears of it too


@pytest.mark.parametrize("outs", [Outs(targets=(Osc(port=9000),)), Outs()])
def test_nothing_is_said_where_a_target_was_named_or_none_is_wanted(
    outs: Outs, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig("no sound device here", monkeypatch)
    rig.play(Draft("out", outs, "d1"), Draft("source", BEAT, "d1"))
    assert rig.said == []
