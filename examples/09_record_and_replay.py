"""You are always recording: save the last bars, record a set, play a take again, note for note."""

import tempfile
from pathlib import Path

import groovelive as gl

folder = Path(tempfile.mkdtemp())
live = gl.open()
d1 = live.d1

d1 >> gl.groove("9.4.7.4.9.47.4.6")
d1.humanise = 0.5
with gl.record(folder / "set.mid", folder / "set.take"):
    live.wait(bars=4)
    d1.genre = "latin"
    live.wait(bars=4)
live.last(2).save(folder / "good.mid")

again = gl.replay(folder / "set.take", play=False)
print(len(again.events), "notes, again")
again.save(folder / "again.svg")
live.close()
