"""Every control takes a number, a pattern in time, or a ramp."""

import groovelive as gl

live = gl.open()
d1 = live.d1

d1 >> gl.groove("bd(3,8) [~ sn] hh*8")
d1.density = "<.3 .5 .5 .9>"  # bar by bar
d1.genre = "<funk funk soul jazz>"
live.wait(bars=8)
d1.density = gl.line(0.2, 0.9, bars=8)  # a ramp
live.bpm = gl.line(120, 140, bars=8)
live.wait(bars=8)
print(live, d1, sep="\n")
live.close()
