"""When: an edit is due at the next bar, unless it says otherwise."""

import groovelive as gl

live = gl.open()
d1, d2 = live.d1, live.d2

d1 >> gl.groove("x..x..x.")
d2 >> gl.play("hh*16")

with gl.at("+4"):  # four bars from now
    d1.genre = "funk"
with gl.at("+8", over=4):  # several edits, one downbeat, morphing over four bars
    d1.genre, d1.density = "jazz", 0.8
    d2.mute()
with gl.at(17):  # bar 17
    d1.genre = "rock"
with gl.at("+2 beats"):
    d2.velocity = 0.5

print(live.pending)
live.wait(bars=18)
print(d1.history)
live.close()
