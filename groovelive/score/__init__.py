"""What will be played, as a pure function of one log of edits: no sockets, no clock, no chance that is not seeded."""
