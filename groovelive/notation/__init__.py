"""Rhythms as text: mini-notation and step strings in, patterns that can be queried out."""
