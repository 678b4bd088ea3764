"""The Quark with the real thing: sclang's own tests, patterns rendered and measured, one session in two languages."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import groovelive as gl
from groovelive.grooves.grid import VOICES, Note
from groovelive.osc_messages.codec import bundle, message, read
from groovelive.score import export as writing
from groovelive.score.edits import Rhythm, unpack
from groovelive.score.events import events
from groovelive.synthesis import kits as sound
from tests.support.paths import QUARK, SUPPORT
from tests.support.quark_session import Serve
from tests.support.sclang_process import Sclang, free_port

pytestmark = pytest.mark.supercollider
CLASSES = sorted(path.stem for path in (QUARK / "tests").glob("Test*.sc"))
RATE = 48000


# sclang's own tests: all classes at once, in an interpreter each, within a minute


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Sclang]]:
    folder = tmp_path_factory.mktemp("unit")
    found = {
        name: Sclang(folder / name, QUARK / "tests" / "run.scd", name, port=_spaced_port(k))
        for k, name in enumerate(CLASSES)
    }
    yield found
    for run in found.values():
        run.kill()


def _spaced_port(number: int) -> int:
    """Return a port with some free ones after it, for the doors of the tests."""
    for first in range(20000 + os.getpid() % 100 * 200 + number * 3000, 60000, 200):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", first))
            return first
    raise OSError("there is no free port")


@pytest.mark.parametrize("name", CLASSES)
def test_a_class(name: str, runs: dict[str, Sclang]) -> None:
    posted = runs[name].wait(100)
    assert runs[name].code == 0, "\n".join(re.findall(r"FAILED .*(?:\n    .*)*", posted)) or posted[-4000:]
    assert re.search(r"^[1-9]\d* passed, 0 failed", posted, re.M)


def test_the_classes_compile_without_a_warning(tmp_path: Path) -> None:
    with_quark = Sclang(tmp_path, "MethodOverride.overwrittenMethods.postln; 0.exit;").wait(30)
    compiling = with_quark[: with_quark.index("compile done")]
    assert str(QUARK / "Classes") in compiling and "compiled" in compiling
    assert not re.search(r"warning|error|GrooveLive|Pgroove", compiling.replace(str(QUARK), ""), re.I), compiling
    assert "supercollider/Classes" not in with_quark[with_quark.index("compile done") :]


# Rendered


def _channels(path: Path) -> NDArray[np.float32]:
    """Return the samples of a WAV file of 32-bit floats: (frames, channels)."""
    data = path.read_bytes()
    channels = int.from_bytes(data[22:24], "little")
    at = data.index(b"data") + 8
    return np.frombuffer(data[at : at + (len(data) - at) // (4 * channels) * 4 * channels], "<f4").reshape(-1, channels)


def _assert_onsets(path: Path, expected: list[tuple[float, int]]) -> None:
    """Assert that a click is there for each note, a sample at most from its place, and none else.

    Args:
        expected: when, in seconds, and which voice; each has a channel of its own.
    """
    found = _channels(path)
    assert found.shape[1] == len(VOICES)
    for voice, name in enumerate(VOICES):
        # Two clicks within a sample are one sample, twice as loud.
        wanted = np.unique(np.round(np.array(sorted(at for at, of in expected if of == voice)) * RATE))
        onsets = np.flatnonzero(np.abs(found[:, voice]) > 0.25)
        assert len(onsets) == len(wanted), name
        assert not len(wanted) or np.abs(onsets - wanted).max() <= 1, name


_SCORE = r"""
var door = GrooveLiveFakeDoor.new, beat = 60 / 127, folder = ~arguments[0], pattern, score;
thisThread.randSeed = 7;
door.hits = (0..31).collect { |step|
	(0..8).scramble.keep(rrand(1, 6)).collect { |voice| [step, voice, rrand(0.1, 1.0), rrand(-512, 512) / 1024, 1.0] }
}.flatten(1);
GrooveLive.connect("127.0.0.1", door.port);
GrooveLive.prSource_(NetAddr("127.0.0.1", NetAddr.langPort));
fork {
	GrooveLive.drummer(\d1).want(0);
	while { GrooveLive.drummer(\d1).latest.isNil } { 0.05.wait };
	SynthDef(\gl_test_click, { |out| OffsetOut.ar(out, Impulse.ar(0)); Line.kr(0, 0, 0.004, doneAction: 2) }).add;
	~say.(\hits, door.hits.flat);
	pattern = Pstretch(beat, Pbindf(Pgroove(\d1, kit: nil),
		\instrument, \gl_test_click, \out, Pfunc { |event| GrooveLive.voices.indexOf(event[\voice]) }
	));
	score = pattern.asScore(64 * 4 * beat, 0.1);  // when the definition is there
	score.add([0, [\d_recv, SynthDescLib.global[\gl_test_click].def.asBytes]]).sort.recordNRT(
		folder +/+ "score.osc", folder +/+ "out.wav", nil, 48000, "WAV", "float",
		ServerOptions.new.numOutputBusChannels_(9).numInputBusChannels_(0).memSize_(65536).maxNodes_(8192),
		action: { |code| if(code == 0) { 0.exit } { 4.exit } }
	);
};
"""


def test_every_onset_of_a_pgroove_in_64_bars(tmp_path: Path) -> None:
    run = Sclang(tmp_path, _SCORE, tmp_path)
    posted = run.wait(100)
    assert run.code == 0, posted
    hits = np.array(run.said()["hits"]).reshape(-1, 5)
    assert len(hits) > 90
    beats = 8 * np.arange(33)[:, None] + (hits[:, 0] + hits[:, 3]) / 4
    # An early first note sounds where the music begins; notes of the 33rd loop may be early enough to sound yet.
    sounding = beats < 256 - 1e-9
    voices = np.broadcast_to(hits[:, 1], beats.shape)[sounding].astype(int)
    times = 0.1 + np.maximum(beats[sounding], 0) * 60 / 127
    assert len(times) > 32 * 90
    _assert_onsets(tmp_path / "out.wav", list(zip(times.tolist(), voices.tolist(), strict=True)))


_CLICKS = r"""
GrooveLive.voices.do { |voice, k|
	SynthDef("gl_acoustic_" ++ voice, { |out, velocity, t_choke|
		OffsetOut.ar(k, Impulse.ar(0)); Line.kr(0, 0, 0.002, doneAction: 2)
	}).writeDefFile(~arguments[0]);
};
[\gl_master, \gl_seed].do { |name| SynthDef(name, { FreeSelf.kr(Impulse.kr(0)) }).writeDefFile(~arguments[0]) };
0.exit;
"""


def test_every_onset_of_a_session_in_64_bars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the conductor has planned and a scsynth is sent: swing, nudge, a tempo that changes; the kit is clicks."""
    clicks = Sclang(tmp_path / "sclang", _CLICKS, tmp_path)
    clicks.wait(30)
    assert clicks.code == 0, clicks.posted
    with gl.open(realtime=False, seed=3) as live:
        live.d1 >> gl.play("bd*2 [~ bd] sn <hh*4 hh*3>")
        live.d2 >> gl.groove("x.x.xx..")
        live.d1.swing, live.d1.nudge, live.d2.humanise, live.d2.drift = 0.21, 0.013, 0.5, 0.2
        with live.at("+16", over=8):
            live.bpm = 143
        live.run(bars=64)
        clip = live.last(64)
    times = [(writing.seconds(clip.score, event, clip.begin), event) for event in clip.events]
    assert len(times) > 1000
    monkeypatch.setattr(sound, "FOLDER", tmp_path)
    kit = sound.DrumKit()
    strokes = sound.score([(at, Note(event.step, event.voice, event.velocity, 0.0)) for at, event in times], kit)
    end: sound.Event = (times[-1][0] + 1, [("/c_set", 0, 0)])
    packets = [
        bundle(round(at * 2**32), [message(str(each[0]), *each[1:]) for each in messages])
        for at, messages in [(0.0, kit.setup()), *strokes, end]
    ]
    score = tmp_path / "score.osc"
    score.write_bytes(b"".join(len(packet).to_bytes(4, "big") + packet for packet in packets))
    command = ["scsynth", "-N", str(score), "_", str(tmp_path / "out.wav"), str(RATE), "WAV", "float", "-o", "9"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    _assert_onsets(tmp_path / "out.wav", [(at, event.voice) for at, event in times])


# A conductor that fails, in real time: what sclang sends to its server is taken by a receiver that reads the timetags


class _Server:
    """Takes bundles as a scsynth does, and keeps when each stroke is due, in seconds, and its velocity."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])
        self.strokes: list[tuple[float, float]] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                # sclang sends commands to a server by their numbers, in place of addresses: 9 is /s_new.
                packet = self.socket.recv(65536).replace(b"\0\0\0\x09,", b"/9\0\0,")
                for each in read(packet) if packet.startswith(b"#bundle") else ():
                    if each.address == "/9" and str(each.arguments[0]).startswith("gl_"):
                        named = dict(zip(each.arguments[4::2], each.arguments[5::2], strict=True))
                        at = int.from_bytes(packet[8:16], "big") / 2**32
                        self.strokes.append((at, float(str(named["velocity"]))))


class _FakeDoor:
    """The door that misbehaves, as a process."""

    def __init__(self, port: int = 0) -> None:
        self.port = port or free_port()
        command = [sys.executable, str(SUPPORT / "fake_door.py"), str(self.port)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True)

    def be(self, how: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(how + "\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


_PLAY = r"""
var server = Server(\gl_test, NetAddr("127.0.0.1", ~arguments[1].asInteger)), clock = TempoClock(8);
GrooveLive.connect("127.0.0.1", ~arguments[0].asInteger);
Pbindf(Pgroove(\d1, genre: Pseq([\funk, \jazz], inf)), \server, server).play(clock, quant: 8);
"""


def test_whatever_the_conductor_does_every_beat_is_there(tmp_path: Path) -> None:
    """Late by 5 s, nonsense, answers to others, killed, back: a straight line of 16ths, each a sample at most off."""
    server, fake = _Server(), _FakeDoor()
    run = Sclang(tmp_path, _PLAY, fake.port, server.port)
    try:
        run.until("connected to")
        time.sleep(2.5)
        for how, seconds in (("late 5", 6), ("garbage", 1.5), ("other", 1.5), ("good", 1)):
            fake.be(how)
            time.sleep(seconds)
        fake.kill()
        time.sleep(3)
        fake = _FakeDoor(fake.port)
        time.sleep(3)
        assert run.code is None
    finally:
        run.kill()
        fake.kill()
        server.socket.close()
    posted = run.posted
    assert not re.search(r"^ERROR: Message|not understood", posted, re.M), posted
    assert posted.count("no answer from") == 2 and posted.count("connected to") == 3, posted
    strokes = sorted(server.strokes)
    first = strokes[0][0]
    numbers = [round((at - first) * 32) for at, _ in strokes]
    assert numbers == list(range(len(strokes))) and len(strokes) > 500  # none missing, none twice
    steps = np.diff([at - first for at, _ in strokes])
    assert np.abs(steps - 1 / 32).max() <= 1 / RATE
    versions = [velocity for _, velocity in strokes]
    changes = [k for k in range(1, len(versions)) if versions[k] != versions[k - 1]]
    assert len(changes) > 3 and len({k % 32 for k in changes}) == 1  # a new pattern begins with its loop


# One session in two languages: a real conductor and engine


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    serve = Serve(tmp_path_factory.mktemp("session"))
    yield serve
    serve.end()


_SESSION = r"""
var d1 = GrooveLive.drummer(\d1), d2 = GrooveLive.drummer(\d2), wait, asked;
wait = { |condition|
	var end = Main.elapsedTime + 8;
	while { condition.value.not and: { Main.elapsedTime < end } } { 0.02.wait };
};
asked = { |drummer, path|
	var found = \none;
	0.4.wait;  // what is set now holds from the first beat on that has not been sent
	drummer.get(path) { |value| found = value };
	wait.({ found != \none });
	found
};
GrooveLive.connect("127.0.0.1", ~arguments[0].asInteger);
fork {
	wait.({ GrooveLive.state == \there });
	d1.source("x..x..x.", quant: 0).genre_(\jazz, quant: 0).follow_(0.5, quant: 0).set("density.hats", 0.75, quant: 0);
	GrooveLive.bpm_(132, 0);
	~say.(\genre, asked.(d1, \genre));
	~say.(\hats, asked.(d1, "density.hats"));
	d1.genre_(\funk, quant: 0);
	~say.(\before, asked.(d1, \genre));
	GrooveLive.undo;
	~say.(\undone, asked.(d1, \genre));
	GrooveLive.redo;
	~say.(\redone, asked.(d1, \genre));
	d2.walk([\funk, \latin], bars: 8, quant: 0);
	GrooveLive.saveScene(\verse);
	d1.listen(Pbind(\dur, Pseq([0.75, 0.75, 0.5], inf)));
	"READY".postln;
	// Wrong in every way, each one line.
	d1.genre_(\jaz).density_(2).follow_("a lot").set(\dencity, 1);
	GrooveLive.drummer(\77).genre_(\funk);
	GrooveLive.scene(\chorus);
	d1.walk(\nowhere, bars: 8);
	wait.({ ~arguments[1].notNil and: { File.exists(~arguments[1]) } });
	d1.want(0);
	1.wait;
	~say.(\python, asked.(d2, \density));
	~say.(\pattern, d1.loop(0)[\hits].collect { |hit| hit.keep(2) }.flat);
	~say.(\bar, d1.loop(0)[\bar]);
	0.exit;
};
"""


def test_both_languages_play_one_session(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROOVELIVE_RUNTIME", str(serve.folder))
    flag = tmp_path / "flag"
    run = Sclang(tmp_path / "sclang", _SESSION, serve.port, flag)
    try:
        run.until("READY", 40)
        with gl.open() as live:
            assert live.score.tempo.bpm(live.beat + 1) == 132
            assert live.d1.genre == "funk" and live.d1.follow == 0.5
            edits = live.score.edits
            assert {edit.by for edit in edits if edit.drummer == "d1" and edit.path == "genre"} == {"supercollider"}
            live.d2.density = 0.25
            live.wait(bars=2.2)
            flag.touch()
            posted = run.wait(30)
            said = run.said()
            assert run.code == 0, posted  # nothing was thrown
            assert [said[name] for name in ("genre", "before", "undone", "redone")] == ["jazz", "funk", "jazz", "funk"]
            assert said["hats"] == 0.75 and said["python"] == 0.25
            # What sclang was told is what the log says is played.
            begin = (said["bar"] - 1) * 4
            sounding = [event for event in events(live.score, begin, begin + 8) if event.drummer == "d1"]
            played = {(round((event.beat - begin) * 4) % 32, event.voice) for event in sounding}
            told = set(zip(said["pattern"][::2], said["pattern"][1::2], strict=True))
            assert told == played and len(told) > 8
            source = live.value("d1", "source")
            assert isinstance(source, Rhythm)
            bass = [0, 3, 6, 8, 11, 14, 16, 19, 22, 24, 27, 30]
            assert sorted(note.step for note in unpack(source.notes)) == bass
        wrong = [line for line in posted.splitlines() if line.startswith("GrooveLive: ")]
        for part in ("jazz", "density", "follow", "dencity", "77", "chorus", "nowhere"):
            assert any(part in line for line in wrong), (part, wrong)
    finally:
        run.kill()


_FOLLOW = r"""
var clock = if(~arguments[1] == "link") { LinkClock(2.2) } { TempoClock(2.2) };
clock.permanent = true;
GrooveLive.connect("127.0.0.1", ~arguments[0].asInteger);
fork {
	while { GrooveLive.state != \there } { 0.05.wait };
	GrooveLive.bpm_(~arguments[2].asFloat, 0);
	GrooveLive.request("play");
	0.3.wait;
	if(~arguments[3] == "follow") { GrooveLive.follow(clock) } {
		clock.tempo = ~arguments[2].asFloat / 60;
		GrooveLive.lead(clock)
	};
	14.wait;
	if(~arguments[3] == "lead") { clock.tempo = 2.5; 9.wait };
	~say.(\phase, GrooveLive.phase);
	~say.(\tempo, clock.tempo * 60);
	~say.(\bpm, GrooveLive.bpm);
	"READY".postln;
};
"""


CLOCKS = [(clock, who) for clock in ("tempo", "link") for who in ("follow", "lead")]


class _Clocked:
    """A conductor, and a clock of sclang that follows or leads it."""

    def __init__(self, folder: Path, clock: str, who: str) -> None:
        folder.mkdir()
        self.serve = Serve(folder, "conductor")
        self.run = Sclang(folder / "sclang", _FOLLOW, self.serve.port, clock, 140, who)

    def end(self) -> None:
        self.run.kill()
        self.serve.end()


@pytest.fixture(scope="module")
def clocks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, str], _Clocked]]:
    """As many as can be at once, since each takes a while: all LinkClocks of a network are one."""
    folder = tmp_path_factory.mktemp("clocks")
    found: dict[tuple[str, str], _Clocked] = {}
    try:
        for each in CLOCKS[:-1]:
            found[each] = _Clocked(folder / "-".join(each), *each)
        yield found
    finally:
        for clocked in found.values():
            clocked.end()


@pytest.mark.parametrize(("clock", "who"), CLOCKS)
def test_a_clock_and_the_conductor(
    clock: str, who: str, clocks: dict[tuple[str, str], _Clocked], tmp_path: Path
) -> None:
    if (clock, who) not in clocks:
        clocks["link", "follow"].end()
        clocks[clock, who] = _Clocked(tmp_path / "clocked", clock, who)
    here = clocks[clock, who]
    here.run.until("READY", 60)
    said, status = here.run.said(), here.serve.status()["conductor"]
    bpm = 140 if who == "follow" else 150
    assert said["tempo"] == pytest.approx(bpm, rel=0.01) and said["bpm"] == pytest.approx(bpm, rel=0.01)
    assert abs(said["phase"]) < 0.01, said  # seconds, as sclang sees it at the conductor's last bar
    assert bool(status["leader"]) == (who == "lead")
    assert abs(float(str(status["phase"]))) < 10, status  # milliseconds, as the conductor sees it
