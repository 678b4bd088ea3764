"""A set of 32 bars: what `groovelive demo` plays. Read it, change it, play it: `python examples/performance.py`."""

import groovelive as gl

TAP = "9.4.7.4.9.47.4.6"


def play(live: gl.Session) -> None:
    """Play the set in a session; it takes 32 bars."""
    d1, d2 = live.d1, live.d2
    live.bpm = 104

    d1 >> gl.groove(TAP)  # 1: the drummer answers a tapped rhythm
    d1.humanise = 0.3
    live.wait(bars=4)

    d1.genre = "funk"  # 5
    d1.last_of(8, gl.fill)
    live.wait(bars=4)

    with gl.at("+1", over=4):  # 9: into another style, in four bars
        d1.genre, d1.density = "latin", 0.7
    d2 >> gl.play("~ ~ ~ hh(5,8)")
    d2.velocity = 0.5
    live.wait(bars=4)

    gl.scene.save("latin")
    d2.mute()
    d1.walk(d1.z, gl.z("late night"), bars=4)  # 13: through the latent space to a jazz preset
    live.wait(bars=4)

    d1 >> gl.groove(TAP)  # 17: and from here on it plays by itself: it strays, swells, and fills at the ends of phrases
    d1.genre = "afrobeat"
    d1.autopilot()
    live.bpm = gl.line(104, 116, bars=14)
    live.wait(bars=8)

    d1.density = 0.75  # 25: one hand on it; the rest is its own
    d2.unmute()
    live.wait(bars=8)
    gl.hush()


if __name__ == "__main__":
    session = gl.open()
    play(session)
    session.close()
