"""The player: a small causal network that plays on, bar after bar, to what it is given."""
