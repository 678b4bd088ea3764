"""Clocks of others: Ableton Link and MIDI clock, each as something that the tempo can follow, or lead."""
