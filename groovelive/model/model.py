"""The model as a musician uses it: a rhythm in, drums out, without a server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..errors import GrooveError
from ..grooves.candidates import By, Candidate
from ..grooves.groove import Groove
from ..grooves.taps import Instrument
from . import drumming, songs
from .arguments import Density, Genre, Sampling
from .latents import Point
from .mirror import MirrorModel
from .network import BackendName
from .player.conditions import PROGRAMMED
from .player.player import DrumPlayer
from .playing import Playing
from .songs import Song
from .taps import STEPS, Floats, Tap

WEIGHTS = Path(__file__).parent / "weights"


def load(path: str | PathLike[str] | None = None, backend: BackendName | None = None) -> Model:
    """Load a model: the shipped one, or that of a folder with a manifest.

    Args:
        path: of the folder; None is the shipped model.
        backend: "onnx" or "torch", in place of the one that the manifest's files stand for.

    Raises:
        GrooveError: there is no model, or a file of it is damaged.

    >>> model = load()
    >>> model.drum("x..x..x.", genre="funk", seed=7).bars
    2
    """
    return Model(WEIGHTS if path is None else path, backend)


class Model(MirrorModel):
    """A groove model: a drummer that plays to what it hears, and the mirror with its latent space.

    Args:
        folder: where its `manifest.json` and network files are.
        backend: as for `load`.

    Attributes:
        manifest: what the model declares: controls, ranges, defaults, figures, licence.
        genres: the names of its genres; "programmed", drums as an arranger writes them, is known to the player alone.
    """

    def __init__(self, folder: str | PathLike[str], backend: BackendName | None = None) -> None:
        super().__init__(folder, backend)
        if "player" in self.manifest.files:
            self.genres = (*self.genres, PROGRAMMED)

    def drum(
        self,
        tap: Tap,
        *,
        instrument: Instrument | None = None,
        genre: Genre = None,
        density: Density = None,
        redirect: str | Iterable[str] = (),
        adherence: float | None = None,
        mirror: bool = False,
        temperature: float = 1.0,
        variation: float = 1.0,
        complexity: float = 0.5,
        intensity: float = 0.5,
        tempo: float | None = None,
        sampling: Sampling | None = None,
        threshold: float | Mapping[str, float] | None = None,
        max_hits: int | Mapping[str, int] | None = None,
        follow: float = 1.0,
        preset: Point | None = None,
        guidance: float | None = None,
        context: Groove | None = None,
        keep: Groove | None = None,
        locks: str | int | Iterable[str | int] | NDArray[Any] = (),
        forbid: ArrayLike | None = None,
        top_k: int = 0,
        hands: bool = True,
        seed: int = 0,
        extra: Mapping[str, float] | None = None,
    ) -> Groove:
        """Answer a tap with drums, as a drummer would who hears it: kick, back beat, time, dynamics.

        Args:
            tap: what to play to: a Groove (flattened), (32, 3) hit, velocity, offset, or a text in notation, of any
                number of whole bars.
            instrument: who plays the tap: "drums", "typed", "bass", "guitar", "piano" or "any"; by default "typed"
                where it has neither dynamics nor feel, else "drums". A bass is not doubled, but accompanied.
            genre: one of `genres`, or weights over them; None leaves the style to the tap.
            density: one number 0..1, of two hits a step (.6 is usual), or hits per step, 0..1, of groups and voices:
                {"kick": .2, "hats": .5, "ride": 0}. The player comes near it; 0 is silence, exactly.
            redirect: groups that must be absent; the others carry what they would have.
            adherence: how much of the tap the drums answer, 0..1; by default what suits the instrument.
            mirror: whether only the tap's own steps are played, by the one-shot network; see `mirror`.
            temperature: 0..10; how daring it plays, 1 is as drummers do.
            variation: 0..2; how far each loop strays from the one before, 1 is as drummers do.
            complexity: 0..1; from the bare beat to much between the beats.
            intensity: 0..1; from soft with few cymbals to hard with many.
            tempo: 20..400 beats a minute; by default left open.
            sampling: "bernoulli" (the player's default) draws one answer; "threshold" (the mirror's) plays the
                likely cells: of the player, over the mean of 16 answers.
            threshold: probability 0..1 from which a cell plays, of all voices or by voice.
            max_hits: most hits 0..32 of a voice in two bars, of every voice or by voice.
            follow: 1 follows the tap, 0 plays the preset; between, evenly more of the one and less of the other.
            preset: what to play as far as the tap is not followed: a preset's name, a genre's name, a latent,
                or a tap; by default a preset of the genre.
            guidance: of the mirror alone.
            context: what was played before, whole bars: the answer goes on from it.
            keep: where `locks` take their cells from.
            locks: voices or groups (names), steps (numbers from 0), or an array (steps, 9) of cells that stay as in
                `keep`.
            forbid: an array (steps, 9) of cells that must be silent.
            top_k: how many sets of hits are in question at a step, the likeliest first; 0 for all.
            hands: whether only what two hands and two feet can play is played.
            seed: another seed, another answer; the same arguments give the same groove.
            extra: controls of the model's own, by name; the shipped model has none.

        Returns:
            A Groove as long as the tap: `.hits .velocities .offsets`, each (32, 9) for one loop.

        Raises:
            GrooveError: an argument is out of range, names what the model lacks, or belongs to the other of mirror
                and player.

        >>> groove = load().drum("x..x..x.", genre="funk", seed=7)
        >>> groove.hits.shape, groove == load().drum("x..x..x.", genre="funk", seed=7)
        ((32, 9), True)
        """
        if mirror or self.player is None:
            players = {
                "adherence": adherence, "variation": variation, "complexity": complexity, "intensity": intensity,
                "context": context, "forbid": forbid, "top_k": top_k, "hands": hands,
            }  # fmt: skip
            _refuse(players, "the player's, and this is the mirror")
            return self.mirror(
                tap, genre=genre, density=density, redirect=redirect, temperature=temperature,
                sampling=sampling or "threshold", threshold=threshold, max_hits=max_hits, follow=follow, preset=preset,
                guidance=guidance, keep=keep, locks=_names(locks), seed=seed, extra=extra,
            )  # fmt: skip
        _refuse({"guidance": guidance, "extra": extra}, "the mirror's; say mirror=True, or leave it out")
        if sampling is not None:
            checks.name("sampling", sampling, ("threshold", "bernoulli"))
        rhythm = drumming.rhythm_of(tap)
        playing = Playing(
            instrument=drumming.heard(instrument, rhythm), genre=self.known_genre(genre), density=density,
            redirect=drumming.names_of(redirect), adherence=adherence, temperature=temperature, variation=variation,
            complexity=complexity, intensity=intensity, tempo=tempo, top_k=top_k, hands=hands, seed=seed,
        )  # fmt: skip
        follow = self.arguments.check("follow", follow)
        if preset is not None and follow >= 1:
            raise GrooveError("a preset is heard only where follow is below 1; pass follow=0 to play it alone")
        memory = None
        if follow < 1:
            memory = self.mirror(np.zeros((STEPS, 3), np.float32), follow=0.0, preset=preset, genre=genre).hvo
        return drumming.answer(
            self.player, self.latents, playing, rhythm, follow=follow, preset=preset, memory=memory,
            context=None if context is None else context.hvo.astype(np.float32),
            locks=drumming.locked(keep, locks, len(rhythm), forbid),
            thresholds=drumming.thresholds_of(threshold), most=drumming.most_of(max_hits),
            likely=sampling == "threshold",
            mirrored=self.mirrored(playing, rhythm, len(rhythm)) if sampling == "threshold" else None,
        )  # fmt: skip

    def loops(
        self,
        tap: Tap,
        n: int,
        *,
        instrument: Instrument | None = None,
        genre: Genre = None,
        context: Groove | None = None,
        seed: int = 0,
        **controls: Any,
    ) -> list[Groove]:
        """Answer a tap with loops in a row, as a session plays them: each goes on from those before, with fills.

        Args:
            tap: as for `drum`; it goes round. A shorter one than two bars is played twice a loop.
            n: how many loops, 1..1000.
            instrument, genre, context, seed: as for `drum`.
            controls: `density`, `redirect`, `adherence`, `temperature`, `variation`, `complexity`, `intensity`,
                `tempo`, `fills` (0 none, 1 as drummers), `phrase` (bars), `top_k` and `hands`.

        Raises:
            GrooveError: as for `drum`; or the model has no player.

        >>> first, second = load().loops("x..x..x.", 2, genre="funk")
        >>> first.bars, first == second
        (2, False)
        """
        checks.whole("n", n, 1, 1000)
        rhythm = drumming.rhythm_of(tap)
        playing = self._playing(rhythm, instrument, genre, seed, controls)
        before = None if context is None else context.hvo.astype(np.float32)
        return drumming.loops(self._need_player(), playing, rhythm, n, before)

    def candidates(
        self,
        tap: Tap,
        n: int = 100,
        *,
        by: By = "drawn",
        like: Groove | None = None,
        first: int = 0,
        instrument: Instrument | None = None,
        genre: Genre = None,
        keep: Groove | None = None,
        locks: str | int | Iterable[str | int] | NDArray[Any] = (),
        seed: int = 0,
        **controls: Any,
    ) -> list[Candidate]:
        """Return many answers to a tap, to choose from.

        Args:
            tap: as for `drum`.
            n: how many, 1..1000.
            by: their order: as they were "drawn"; from the least to the most "density", "syncopation" or "distance"
                from `like`; from the "likely" to the surprising; or "spread", each as far as can be from those before.
            like: a groove that they shall be like.
            first: the number of the first of them; 100 goes on after the first hundred.
            instrument, genre, keep, locks, seed: as for `drum`.
            controls: as for `loops`.

        >>> ideas = load().candidates("x..x..x.", 4, by="density", genre="rock")
        >>> len(ideas), ideas[0].density <= ideas[-1].density
        (4, True)
        """
        rhythm = drumming.rhythm_of(tap)
        playing = self._playing(rhythm, instrument, genre, seed, controls)
        return drumming.candidates(
            self._need_player(), playing, rhythm, n, by=by, like=like, first=first,
            locks=drumming.locked(keep, locks, len(rhythm)),
        )  # fmt: skip

    def song(self, form: str, **settings: Any) -> Song:
        """Play a song: `form` is "A8 B8 A8"; see `groovelive.model.songs.song` for the settings.

        >>> song = load().song("A4 B4 A4", tempo=120, A=dict(genre="funk"), B=dict(genre="jazz"))
        >>> song.groove.bars
        12
        """
        return songs.song(self._need_player(), form, **settings)

    def mirrored(self, playing: Playing, rhythm: Floats | None, steps: int) -> Floats | None:
        """Return the mirror's probabilities (steps, 9) of a drummer's rhythm, which goes round; None of another's."""
        if rhythm is None or playing.instrument != "drums" or PROGRAMMED in playing.genres:
            return None
        loops = -(-steps // STEPS)
        p, _, _ = self.predict(np.resize(rhythm, (loops, STEPS, 3)), genre=dict(playing.genres) or None)
        return p.reshape(loops * STEPS, -1)[:steps]

    def _playing(
        self, rhythm: Floats, instrument: str | None, genre: Genre, seed: int, controls: Mapping[str, Any]
    ) -> Playing:
        known = {"redirect": drumming.names_of(controls.get("redirect", ()))} if "redirect" in controls else {}
        unknown = controls.keys() - set(PLAYING_CONTROLS)
        for name in sorted(unknown):
            checks.name("a control of the player", name, PLAYING_CONTROLS)
        heard = drumming.heard(instrument, rhythm)
        return Playing(**{**controls, **known}, instrument=heard, genre=self.known_genre(genre), seed=seed)

    def known_genre(self, genre: Genre) -> Genre:
        """Return a genre that the model has, or the player alone ("programmed").

        Raises:
            GrooveError: there is no such genre.
        """
        if genre is not None and genre != PROGRAMMED and not (isinstance(genre, Mapping) and PROGRAMMED in genre):
            self.arguments.genre(genre)
        return genre

    def _need_player(self) -> DrumPlayer:
        if self.player is None:
            raise GrooveError(f"the model {self.manifest.name} has no player; it answers taps, by drum()")
        return self.player

    @cached_property
    def player(self) -> DrumPlayer | None:
        """The network that plays on; None where the model has none."""
        name = self.manifest.files.get("player")
        return None if name is None else DrumPlayer.load(self.folder / name)


PLAYING_CONTROLS = (
    "density", "redirect", "adherence", "temperature", "variation", "complexity", "intensity", "tempo", "fills",
    "phrase", "top_k", "hands", "drummer",
)  # fmt: skip


def _names(locks: Any) -> Iterable[str | int]:
    """Return locks as names of voices and groups, and numbers of steps: what the mirror knows."""
    if isinstance(locks, np.ndarray):
        raise GrooveError("the mirror locks whole voices and steps by name; an array of cells is the player's")
    return [locks] if isinstance(locks, str) or checks.is_whole(locks) else list(locks)


def _refuse(given: Mapping[str, Any], whose: str) -> None:
    """Refuse arguments that were touched, since they are not of the network that answers."""
    usual = Model.drum.__kwdefaults__ or {}
    for name, value in given.items():
        if isinstance(value, np.ndarray) or value != usual[name]:
            raise GrooveError(f"{name} is {whose}")
