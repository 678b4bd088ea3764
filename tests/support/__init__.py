"""What several test modules share: processes to talk with, a stand-in for Ableton Live, and paths."""
