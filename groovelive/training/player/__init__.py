"""How the player is trained: its data, its network in torch, the loop, and the way out to numpy."""
