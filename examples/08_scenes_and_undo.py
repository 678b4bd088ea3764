"""Scenes, undo, mute and solo: everything is an edit in one log."""

import groovelive as gl

live = gl.open()
d1, d2 = live.d1, live.d2

d1 >> gl.groove("x..x..x.")
d2 >> gl.play("hh*8")
live.wait(bars=1)
gl.scene.save("verse")

d1.genre, d1.density = "funk", 0.8
live.wait(bars=2)
gl.undo()  # the last line
gl.redo()
live.wait(bars=2)
with gl.at("+1", over=2):
    gl.scene.verse()
d2.solo()
live.wait(bars=2)
gl.unsolo()
live.wait(bars=2)
print(*live.history, sep="\n")
gl.hush()
live.close()
