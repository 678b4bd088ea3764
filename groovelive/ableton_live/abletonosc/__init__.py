"""The second way into Ableton Live: AbletonOSC, for people who have that."""
