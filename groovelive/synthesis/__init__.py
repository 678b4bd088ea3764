"""The embedded SuperCollider synth: its kits, and grooves as WAV."""
