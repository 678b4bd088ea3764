"""The rhythm of the demo: four bars tapped by two fingers, written out note by note.

`performance.mid` is made from this table: `python -m groovelive.demo.performance` writes it anew.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

from mido import Message, MetaMessage, MidiFile, MidiTrack, bpm2tempo

TEMPO: Final = 104  # beats per minute
PPQ: Final = 480
PITCH: Final = 60

# (16th of the bar, velocity 1..127, ticks late; one 16th is 120 ticks). The accents sit where the fingers
# pull forward; the soft notes between them drag a little, and the last bar rolls into the next round.
BARS: Final = (
    ((0, 108, 3), (3, 66, 11), (6, 88, 6), (10, 61, 14), (12, 97, 5), (15, 54, 9)),
    ((2, 84, 7), (4, 101, 4), (7, 58, 15), (8, 70, 8), (11, 91, -6), (14, 76, 3)),
    ((0, 110, 2), (3, 69, 10), (6, 90, 5), (8, 56, 13), (11, 93, -7), (14, 80, 2)),
    ((0, 99, 4), (4, 104, 6), (6, 60, 12), (7, 72, 9), (10, 95, -5), (12, 63, 8), (13, 71, 6), (14, 83, 3),
     (15, 98, -4)),
)  # fmt: skip


def midi() -> bytes:
    """Return the performance as a MIDI file: one track, one pitch, a tempo.

    >>> midi()[:4]
    b'MThd'
    """
    track = MidiTrack()
    track.append(MetaMessage("track_name", name="two fingers"))
    track.append(MetaMessage("set_tempo", tempo=bpm2tempo(TEMPO)))
    track.append(MetaMessage("time_signature", numerator=4, denominator=4))
    now = 0
    for bar, notes in enumerate(BARS):
        for sixteenth, velocity, late in notes:
            start = (16 * bar + sixteenth) * PPQ // 4 + late
            track.append(Message("note_on", note=PITCH, velocity=velocity, time=start - now))
            track.append(Message("note_off", note=PITCH, time=60))
            now = start + 60
    track.append(MetaMessage("end_of_track", time=len(BARS) * 4 * PPQ - now))
    file = io.BytesIO()
    MidiFile(type=0, ticks_per_beat=PPQ, tracks=[track]).save(file=file)
    return file.getvalue()


if __name__ == "__main__":
    Path(__file__).with_name("performance.mid").write_bytes(midi())
