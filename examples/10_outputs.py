"""Where notes go: the embedded synth, MIDI, any OSC receiver, files; several at once."""

import groovelive as gl

live = gl.open()
d1, d2 = live.d1, live.d2

d1 >> gl.groove("x..x..x.")
d1.out = gl.osc("127.0.0.1:9000", "/drum/{voice}")  # /drum/kick count voice velocity drummer key
d2 >> gl.play("hh*16")
d2.out = gl.osc("127.0.0.1:9000", "/hit", ahead=0.2) + gl.osc("127.0.0.1:9001", "/hit", tagged=False, shift=-0.01)
live.wait(bars=2)
print(live)  # targets, and how many notes were late
live.close()
