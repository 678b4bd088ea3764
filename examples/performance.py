"""A set of 32 bars: what `groovelive demo` plays. Read it, change it, play it: `python examples/performance.py`."""

import groovelive as gl


def play(live: gl.Session) -> None:
    """Play the set in a session; it takes 32 bars."""
    d1, d2 = live.d1, live.d2
    live.bpm, live.seed = 104, 24  # another seed, another set

    d1 >> gl.groove("9.4.7.4.9.47.4.6")  # 1: a rhythm is tapped, and a drummer plays to it
    d1.genre = "funk"
    with gl.at("+7"):
        d1.fill()  # 8: into what comes next
    live.wait(bars=8)

    d1.genre = "rock"  # 9: another style, harder
    d1.intensity = 0.75
    with gl.at("+7"):
        d1.fill()
    live.wait(bars=8)

    d1.genre = "afrobeat"  # 17: a break, with a second drummer, which builds up over eight bars
    d1.complexity = 0.3
    d1.intensity = gl.line(0.1, 1, bars=8)
    d2 >> gl.play("~ ~ ~ hh(5,8)")
    d2.velocity = gl.line(0.2, 0.8, bars=8)
    with gl.at("+7"):
        d1.fill()
    live.wait(bars=8)

    d1.complexity, d1.intensity = 0.7, 0.9  # 25: all of it
    live.wait(bars=4)
    d2.mute()
    d1.genre, d1.intensity, d1.complexity = "funk", 0.5, 0.5
    d1.home()  # 29: home
    live.wait(bars=4)
    gl.hush()


if __name__ == "__main__":
    session = gl.open()
    play(session)
    session.close()
