"""One clock leads: Ableton Link, MIDI clock, a hand that taps, or the conductor; others may follow it."""

import groovelive as gl

live = gl.open()
live.d1 >> gl.play("bd*4, [~ cp]*2, hh*16")


def ask(what, clock) -> None:
    try:
        what(clock)
    except gl.GrooveError as error:  # not installed, not there, or a session on the simulated clock
        print(error)


ask(live.follow, gl.link())  # tempo and bar lines of whoever is in the Link session
live.wait(bars=4)
ask(live.lead, gl.midi_clock())  # a new port, "groovelive clock", that a drum machine can be connected to
live.wait(bars=4)
ask(live.follow, None)  # the conductor leads again, at the tempo that there is

live.tap()
live.wait(beats=0.8)
print(live.tap(), "bpm")  # the tempo at once; tap(bar=True) is the first beat of a bar
live.wait(bars=2)
ask(live.lead, None)
print(live)
live.close()
