"""Drum pads of a track, and which of them the nine voices play, kept with the set."""

from .commands import Refused, command, within
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


@command("/gl/pads/save", " ".join(f"{voice}:int" for voice in VOICES), place="track", writes=True)
def save(live, request, place, dry_run=False, **given):
    """Nine notes, one for each voice, -1 for none, kept with the set."""
    notes = [given[voice] for voice in VOICES]
    there = dict(pads_of(place.track.devices))
    for voice, note in zip(VOICES, notes):
        within(f"the note of {voice}", note, -1, 127)
        if there and note >= 0 and note not in there:
            raise Refused(
                "NOT_FOUND",
                (
                    f"{place} has no pad with the note {note} for {voice}: pads are "
                    + ", ".join(f"{pitch} {name}" for pitch, name in sorted(there.items()))
                ),
            )
    while live.writing:
        yield
    if not dry_run and data(place.track).get("pads") != notes:
        with live.undo_step():
            keep(place.track, pads=notes)
    return []
