"""Drum pads of a track, and which of them the nine voices play, kept with the set."""

from .commands import Refused, command
from .marks import data, keep

VOICES = ("kick", "snare", "closed_hat", "open_hat", "low_tom", "mid_tom", "high_tom", "crash", "ride")
_DEEPEST = 8  # racks in racks


def pads_of(devices, depth=0):
    """Return (note, name) of the pads in use, in the order of their notes, those of racks in racks too."""
    found = {}
    for device in devices:
        if depth < _DEEPEST and device.can_have_drum_pads:
            for pad in device.drum_pads:
                if pad.chains:
                    found.setdefault(pad.note, pad.name)
        elif depth < _DEEPEST and device.can_have_chains:
            for chain in device.chains:
                for note, name in pads_of(chain.devices, depth + 1):
                    found.setdefault(note, name)
    return sorted(found.items())


@command("/gl/pads", place="track")
def listing(live, request, place):
    """How many voices are mapped, nine notes or -1 each, then the note and the name of each pad."""
    kept = data(place.track).get("pads") or []
    kept = [note if isinstance(note, int) and 0 <= note <= 127 else -1 for note in kept[: len(VOICES)]]
    kept += [-1] * (len(VOICES) - len(kept))
    reply = [sum(note >= 0 for note in kept), *kept]
    for note, name in pads_of(place.track.devices):
        reply += [note, name]
    return reply


@command("/gl/pads/save", "notes:rest", place="track", writes=True)
def save(live, request, place, notes):
    """Nine notes, one for each voice, -1 for none, kept with the set."""
    if len(notes) != len(VOICES):
        raise Refused("TYPE", f"nine notes are kept, one for each voice, not {len(notes)}")
    there = dict(pads_of(place.track.devices))
    for voice, note in zip(VOICES, notes):
        if isinstance(note, bool) or not isinstance(note, int):
            raise Refused("TYPE", f"the note of {voice} is a whole number")
        if not -1 <= note <= 127:
            raise Refused("OUT_OF_RANGE", f"the note of {voice} is one from 0 to 127, or -1, not {note}")
        if there and note >= 0 and note not in there:
            raise Refused("NOT_FOUND", (
                f"{place} has no pad with the note {note} for {voice}: pads are "
                + ", ".join(f"{pitch} {name}" for pitch, name in sorted(there.items()))))
    while live.writing:
        yield
    if data(place.track).get("pads") != notes:
        with live.undo_step():
            keep(place.track, pads=notes)
    return []
