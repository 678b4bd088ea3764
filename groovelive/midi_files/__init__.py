"""MIDI as bytes: files read and written, messages of a wire, and which pitch is which drum."""
