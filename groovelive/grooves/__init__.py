"""The Groove and what can be measured and done with it: numpy only, no file format, no text."""
