"""Training: what needs torch, and is never imported by the running system."""
