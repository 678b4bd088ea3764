"""A drummer that follows what you play; on the simulated clock, a rhythm that is fed to it."""

import groovelive as gl

live = gl.open()
d1 = live.d1


def player(rhythm: str, bars: int) -> None:
    live.wait(bars=bars) if live.realtime else live.feed(rhythm, bars=bars)


d1 >> gl.midi_in("groovelive", instrument="bass")  # a new port; midi_in("Keys") hears one that is there
d1.follow = gl.adaptive(0.3, 1)  # the more is played, the more it follows
player("x..x..x.", bars=4)
print(d1.hearing)  # what it heard, as it is told to hear it, and what it plays

d1.response = "now"  # answers each note; "bar" and "loop" wait
d1.memory = 2  # loops; gl.forever keeps all
player("x.x.xxx.", bars=4)
d1.recording = "off"  # hold what was heard
player("xxxx....", bars=2)
print(len(d1.heard), "onsets are remembered,", len(d1.now), "notes are played")

gl.learn(d1, "density", cc=21)  # or the next controller that is moved: learn(d1, "density")
d1.clear()
live.wait(bars=1)
gl.undo()
print(d1.history)
live.close()
