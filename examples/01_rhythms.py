"""What a drummer can follow, and what it can play as it is written."""

import numpy as np

import groovelive as gl

live = gl.open()
d1, d2 = live.d1, live.d2

d1 >> gl.groove("9.4.7.4.9.47.4.6")  # a step string: digits are velocities
live.wait(bars=2)
d1 >> gl.groove("bd(3,8) [~ sn] hh*8")  # Tidal's mini-notation; all of it is flattened to one rhythm
live.wait(bars=2)
d1 >> gl.groove(gl.parse("x...x...x..x..x."))  # a Groove; a MIDI file: groove("song.mid", bars=(8, 12))

tap = np.zeros((32, 3), np.float32)  # hit, velocity, offset of 32 steps
tap[::3] = 1, 0.8, 0.1
live.wait(bars=2)
d1 >> gl.groove(tap)

d2 >> gl.play("bd*4, [~ cp]*2, hh*16")  # exactly this: no model, the same clock
live.wait(bars=4)
print(d1, d2, sep="\n")
live.close()
