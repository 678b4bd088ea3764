"""A drummer that answers a rhythm: open a session, give it something to follow, listen for four bars."""

import groovelive as gl

live = gl.open()
d1 = live.d1

d1 >> gl.groove("x..x..x. x.x...x.")  # what you tap: a drummer plays to it, and plays on
live.wait(bars=4)
print(d1)
live.close()
