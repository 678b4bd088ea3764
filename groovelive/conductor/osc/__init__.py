"""The conductor's OSC server: messages from any program become requests, news go back."""
