"""What the doctor looks at of what plays: the drummer, the session, sound, MIDI and Link."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ..outputs.devices import midi_ports, no_midi, no_sound
from ..runtime.hints import EXTRAS, install, pip, system_package
from ..runtime.workers import command, environment
from .findings import Finding

_DRUMMER = 20.0  # seconds for the model to load and to answer
_SOUND = 20.0  # seconds for the sound device to open
_LINK: Final = ("224.76.78.75", 20808)  # Link's own: where peers tell each other that they are there
_LISTEN = 0.7  # seconds; a peer is heard of four times a second

Report = Mapping[str, Any]
"""What `groovelive status --json` prints: the engine and the conductor, or None for each."""


def drummer() -> Iterator[Finding]:
    """Load the weights and ask for two bars, in a process of its own: a library may end its process."""
    try:
        done = subprocess.run(
            command("groovelive.doctor"), stdin=subprocess.DEVNULL, capture_output=True, timeout=_DRUMMER,
            env=environment(), check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        why = f"it has not answered within {_DRUMMER:g} s"
    else:
        if done.returncode == 0:
            found = json.loads(done.stdout)
            yield Finding(
                "model", "ok",
                f"{found['name']} {found['version']} runs in ONNX Runtime {found['onnxruntime']}: two bars in "
                f"{found['ms']:.0f} ms, with {found['hits']} hits",
            )  # fmt: skip
            return
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        why = lines[-1] if lines else f"its process ended with {done.returncode}"
    yield Finding(
        "model", "broken", f"the drummer does not run: {why}",
        pip("--force-reinstall", "onnxruntime"), "The drummer does not run",
    )  # fmt: skip


def session(report: Report) -> Iterator[Finding]:
    """Tell what runs here, and which of its targets are not there."""
    from .. import __version__  # the package itself is above this room

    engine, conductor = report["engine"], report["conductor"]
    if engine is None and conductor is None:
        yield Finding("session", "ok", "no session runs here: groovelive, or groovelive.open(), starts one")
        return
    for name, found in report.items():
        if found is not None and not found["answers"]:
            what = f"the {name} (process {found['pid']}) does not answer; its log is {found['log']}"
            yield Finding("session", "broken", what, "groovelive stop", "The session does not answer")
    if engine is not None and engine["answers"] and not engine["version"].endswith(__version__):
        what = f"the session that runs is of {engine['version']}, and this is {__version__}"
        yield Finding("session", "broken", what, "groovelive stop", "The session is of another version")
    if conductor is not None and conductor["answers"]:
        clients = ", ".join(conductor["clients"]) or "nobody"
        yield Finding(
            "session", "ok", f"a session runs: bar {conductor['bar']}, {conductor['bpm']:g} bpm, {clients} in it"
        )
        for out in conductor["outs"]:
            if out["fault"]:
                what = f"{out['name']} is not there: {out['fault']}"
                yield Finding("session", "broken", what, "", "A target is not there")


def sound(report: Report) -> Iterator[Finding]:
    """Open the sound device, unless a session plays that this could disturb."""
    conductor = report["conductor"]
    outs = [out["name"] for out in conductor["outs"]] if conductor is not None and conductor["answers"] else []
    if outs:
        yield Finding("sound", "ok", f"a session plays to {', '.join(outs)}: the sound device is left alone")
        return
    if importlib.util.find_spec("nanosynth") is None:
        what = "the embedded synth is not installed: no sound and no WAV without SuperCollider, MIDI or OSC"
        yield Finding("sound", "missing", what, install("synth"), "No sound")
        return
    why = no_sound(_SOUND)
    if why:
        yield Finding("sound", "missing", why, _sound_package(), "No sound")
    else:
        yield Finding("sound", "ok", "the embedded synth can open the sound device")


def _sound_package() -> str:
    """Return the command that brings the way from ALSA, which the synth speaks, to the sound server that runs."""
    if sys.platform != "linux":
        return ""
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    if (runtime / "pipewire-0").exists():
        return system_package("pipewire-alsa")
    if (runtime / "pulse" / "native").exists():
        return system_package("alsa-plugins")
    if list(Path("/dev/snd").glob("pcm*p")) and not os.access("/dev/snd", os.R_OK | os.X_OK):
        return 'sudo usermod -aG audio "$USER"'
    return ""


def midi() -> Iterator[Finding]:
    """List the MIDI ports."""
    if importlib.util.find_spec("rtmidi2") is None:
        yield Finding("midi", "missing", "the back end for MIDI is not installed", install("midi"), "No MIDI")
        return
    why = no_midi()
    if why:
        modules = sys.platform == "linux" and Path("/lib/modules", os.uname().release).is_dir()
        mend = "sudo modprobe snd-seq" if modules else ""
        yield Finding("midi", "missing", why, mend, "No MIDI")
        return
    found = midi_ports()
    if found:
        yield Finding("midi", "ok", f"MIDI output ports: {', '.join(found)}")
    elif sys.platform == "win32":
        yield Finding(
            "midi", "missing", "there is no MIDI port, and Windows makes none: loopMIDI does",
            "start https://www.tobias-erichsen.de/software/loopmidi.html", "No MIDI",
        )  # fmt: skip
    else:
        yield Finding("midi", "ok", "there is no MIDI port of others; midi() makes one of its own, to be connected")


def link() -> Iterator[Finding]:
    """Load Link, and listen for peers; nothing is sent, so that no session is joined."""
    if importlib.util.find_spec("link") is None:
        yield Finding("link", "missing", "Ableton Link is not installed", install("link"), "No Link")
        return
    try:
        import link as module  # an optional package

        module.Link(120.0)
    except Exception as error:  # whatever it is: a library that does not fit this system
        again = pip("--force-reinstall", *EXTRAS["link"])
        yield Finding("link", "broken", f"Ableton Link can't be loaded: {error}", again, "No Link")
        return
    try:
        peers = _link_peers()
    except OSError as error:
        what = f"Link is installed, but no network that it could use is there ({error.strerror})"
        yield Finding("link", "missing", what, "", "No Link")
        return
    heard = f"peers at {', '.join(peers)}" if peers else "no peer is heard in the network"
    yield Finding("link", "ok", f"Ableton Link can be loaded; {heard}")


def _link_peers() -> list[str]:
    """Return the addresses at which somebody tells of himself in Link's group."""
    peers: set[str] = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "SO_REUSEPORT"):
            with contextlib.suppress(OSError):
                ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        ear.bind(("", _LINK[1]))
        group = struct.pack("4s4s", socket.inet_aton(_LINK[0]), socket.inet_aton("0.0.0.0"))
        ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
        end = time.monotonic() + _LISTEN
        while (left := end - time.monotonic()) > 0:
            ear.settimeout(left)
            with contextlib.suppress(TimeoutError):
                packet, (host, _) = ear.recvfrom(2048)
                if packet.startswith(b"_asdp_v"):
                    peers.add(host)
    return sorted(peers)
