"""Six controls are enough on stage: genre, density, complexity, intensity, follow, home."""

import groovelive as gl

live = gl.open()
d1 = live.d1

d1 >> gl.groove("9.4.7.4.9.47.4.6")
live.wait(bars=2)
d1.genre = "afrobeat"  # from the next bar on
live.wait(bars=2)
d1.genre = {"funk": 0.7, "jazz": 0.3}
d1.density = 0.7  # of two hits a step
d1.hh.density = 0.9  # of one voice, in hits a step
live.wait(bars=2)
d1.complexity, d1.intensity = 0.2, 0.8  # the bare beat, played hard
live.wait(bars=2)
d1.follow = 0.5  # half the rhythm, half the preset
d1.a = "halftime"
live.wait(bars=2)
d1.home()  # the preset alone, at once
live.wait(bars=2)
d1.bd.lock()  # the kick stays; the others go on changing
d1.redirect("toms")  # no toms: their energy moves to the others
live.wait(bars=2)
print(d1)
live.close()
