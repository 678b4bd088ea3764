"""A headless sclang with the Quark that evaluates what is written for people: the blocks of examples, help and docs.

A block is what a SuperCollider user would evaluate at once: a line, or lines between "(" and ")" at their beginning.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from groovelive.runtime.overheard import Overheard
from groovelive.supercollider.doctor import door
from tests.support.paths import QUARK
from tests.support.sclang_process import free_port
from tests.support.waiting import until

# What can't be had here: a class of the name, so that code compiles.
_STUBS = """
SuperDirt {
	*start { ~dirt = this.new }
	set { }
}
"""
_RUNNER = r"""
(
var folder = thisProcess.argv.last, settings = (folder +/+ "settings.json").parseYAMLFile;
var peak = 0, strokes = 0, monitor, listen, before, end;
settings["server"] !? { |number|
	Server.default = s = Server(\test, NetAddr("127.0.0.1", number.asInteger));
	s.options.numOutputBusChannels = 8;
	s.options.memSize = 65536;
};
listen = { monitor = Synth.tail(RootNode(s), \gl_test_peak) };
#[\groovelive, \groovelive_cv].do { |type|
	var play = Event.partialEvents[\playerEvent][\eventTypes][type];
	Event.addEventType(type, { |server| strokes = strokes + 1; play.value(server) });
};
OSCFunc({ |message| peak = max(peak, message[3]) }, '/gl_test_peak').permanent_(true);
GrooveLive.connect("127.0.0.1", settings["door"].asInteger);
GrooveLive.patience = 15;  // a busy machine is no fault of what is evaluated
fork {
	if(settings["server"].notNil) {
		s.bootSync;
		SynthDef(\gl_test_peak, {
			SendReply.kr(Impulse.kr(20), '/gl_test_peak', Peak.ar(In.ar(0, 2).abs.reduce(\max), Impulse.ar(20)))
		}).add;
		s.sync;
	};
	while { GrooveLive.state != \there } { 0.1.wait };
	settings["parts"].do { |part|
		"PART %".format(part["name"]).postln;
		peak = strokes = 0;
		if(settings["server"].notNil) { listen.value; 0.1.wait };
		part["blocks"].do { |block|
			var code = thisProcess.interpreter.compileFile(folder +/+ block["file"]);
			if(code.isNil) { "NOT COMPILED %".format(block["file"]).postln } {
				if(block["run"] == "true") {
					try { code.value } { |error| "THROWN %".format(block["file"]).postln; error.reportError };
					if(block["wait"] == "sound") {
						end = Main.elapsedTime + 20;
						before = strokes;
						while { strokes < (before + 5) and: { Main.elapsedTime < end } } {
							monitor.moveToTail(RootNode(s));
							0.1.wait;
						};
						0.3.wait;
					} {
						block["wait"].asFloat.wait;
					};
				}
			};
		};
		"PEAK % STROKES %".format(peak.round(0.0001), strokes).postln;
		CmdPeriod.run;
		GrooveLive.unsync;
		GrooveLive.request("stop");
		GrooveLive.request("play");
		0.1.wait;
	};
	"ALL DONE".postln;
	if(settings["server"].notNil) { s.quit; 0.3.wait };
	0.exit;
};
)
"""


class Part(NamedTuple):
    """What is evaluated one after another, as one example is.

    Args:
        name: for reports.
        blocks: code, whether it is run or only compiled, and seconds to wait after it; None: until drums have played.
    """

    name: str
    blocks: list[tuple[str, bool, float | None]]


class Said(NamedTuple):
    """What became of a part: what was posted, the loudest sample of two outputs, and how many strokes were played."""

    text: str
    peak: float
    strokes: int

    def faults(self) -> list[str]:
        """Return the lines that should not be there."""
        wrong = r"ERROR|WARNING|FAILURE|THROWN|NOT COMPILED|.*not understood|Info: .*(missing|failed)"
        return [line for line in self.text.splitlines() if re.match(wrong, line)]

    def told(self) -> list[str]:
        """Return what the Quark has told, but for greetings, and what an undo or silence did."""
        lines = re.findall(r"^GrooveLive: (.*)$", self.text, re.MULTILINE)
        usual = (
            r"connected to|\w+ has no pattern yet|\w+ is new: it plays its preset|"
            r"undone: |done again: |.* falls? silent|called off: |nothing sounds"
        )
        return [line for line in lines if not re.match(usual, line)]


def blocks(text: str) -> list[str]:
    """Return the blocks of SuperCollider code."""
    found: list[str] = []
    inside: list[str] | None = None
    for line in re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL).splitlines():
        if inside is not None:
            inside.append(line)
            if line.rstrip() == ")":
                found.append("\n".join(inside))
                inside = None
        elif re.match(r"\(\s*$", line):
            inside = [line]
        elif line.strip() and not line.lstrip().startswith("//"):
            found.append(line)
    assert inside is None, f"a block is not closed: {inside}"
    return found


class Serve:
    """`groovelive serve`, or another command, with an OSC door at a port of its own."""

    def __init__(self, folder: Path, what: str = "serve") -> None:
        self.folder = folder / "run"
        self.folder.mkdir(mode=0o700)
        self.port = free_port()
        self._environment = os.environ | {"GROOVELIVE_RUNTIME": str(self.folder)}
        command = [sys.executable, "-m", "groovelive.cli.services", what, "--osc-port", str(self.port)]
        self.child = Overheard(command, environment=self._environment)
        try:
            until(lambda: door(self.port) is not None or self.child.process.poll() is not None, 60)
            assert self.child.process.poll() is None, f"{what} {self.child.state()}"
        except BaseException:
            self.end()
            raise

    def status(self) -> dict[str, dict[str, object]]:
        """Return what `groovelive status` says."""
        command = [sys.executable, "-m", "groovelive.cli.services", "status", "--json"]
        found = subprocess.run(command, capture_output=True, env=self._environment, timeout=20, check=True)
        return json.loads(found.stdout)  # type: ignore[no-any-return]

    def end(self) -> None:
        self.child.end(20)


def evaluate(
    parts: list[Part], folder: Path, port: int, server: int | None = None, **environment: str
) -> dict[str, Said]:
    """Let sclang evaluate parts, one after another, and return what it said in each.

    Args:
        folder: for files, and sclang's home.
        port: of the conductor's OSC door.
        server: port of a scsynth that is booted for it.
    """
    home = folder / "home"
    (home / "stubs").mkdir(parents=True)
    (home / "stubs" / "stubs.sc").write_text(_STUBS)
    (home / "conf.yaml").write_text(
        f"includePaths:\n    - {QUARK / 'Classes'}\n    - {home / 'stubs'}\nexcludePaths: []\n"
    )
    (folder / "run.scd").write_text(_RUNNER)
    told = []
    for number, part in enumerate(parts):
        listed = []
        for k, (code, run, wait) in enumerate(part.blocks):
            name = f"{number:02}-{k:02}.scd"
            (folder / name).write_text(code + "\n")
            listed.append({"file": name, "run": run, "wait": "sound" if wait is None else wait})
        told.append({"name": part.name, "blocks": listed})
    (folder / "settings.json").write_text(json.dumps({"door": port, "server": server, "parts": told}))
    sandbox = {"QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1", "HOME": str(home)}
    patience = 40 + sum(22 if wait is None else wait for part in parts for _, run, wait in part.blocks if run)
    out = folder / "said"
    with out.open("w") as file:
        process = subprocess.Popen(
            ["sclang", "-l", str(home / "conf.yaml"), str(folder / "run.scd"), str(folder)],
            stdin=subprocess.DEVNULL, stdout=file,
            env={**os.environ, **sandbox, "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home), **environment},
        )  # fmt: skip
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    text = out.read_text(errors="replace")
    assert "ALL DONE" in text and process.returncode == 0, f"sclang has not come to the end:\n{text[-4000:]}"
    found = re.findall(r"^PART (.*)\n((?:.*\n)*?)PEAK (\S+) STROKES (\d+)\n", text, re.MULTILINE)
    return {name: Said(said, float(peak), int(strokes)) for name, said, peak, strokes in found}
