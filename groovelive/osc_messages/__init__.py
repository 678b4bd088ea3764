"""OSC as bytes: messages, bundles and their time tags."""
