"""Moves: what is done to some bars, by number or by chance; and how it is played."""

import groovelive as gl

live = gl.open()
d1 = live.d1

d1 >> gl.groove("9.4.7.4.9.47.4.6")
d1.every(4, gl.rotate(1 / 8)).sometimes(0.2, gl.stutter(2))
d1.fills = 2  # fills are no moves: the drummer plays them, here twice as many as usual
d1.swing = 0.12  # every other 16th so much of a step late
d1.nudge = -0.004  # seconds; negative plays ahead
d1.humanise = 0.5
d1.sn.velocity = 1.2
live.wait(bars=8)
print(d1)
live.close()
