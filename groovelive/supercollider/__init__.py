"""The Quark, drums inside SuperCollider's patterns: where it is, how it is installed, and what is wrong."""
