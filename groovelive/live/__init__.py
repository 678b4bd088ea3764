"""What a performer types, in a script, IPython or a notebook, and how it reaches the conductor."""
