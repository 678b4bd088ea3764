"""A walk through the latent space: presets are named points, latents are arithmetic."""

import groovelive as gl

live = gl.open()
d1 = live.d1

d1 >> gl.groove("9.4.7.4.9.47.4.6")
live.wait(bars=2)

a, b = d1.z, gl.z("late night")  # where the drummer is, and a preset
d1.walk(a, b, gl.z.random(3), bars=8)  # it arrives, and stays
live.wait(bars=9)
d1.z = 0.5 * a + 0.5 * b
d1.drift = 0.5  # from here it wanders, the same way each time it is played with this seed
live.wait(bars=4)
print(d1)
live.close()
