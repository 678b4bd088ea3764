"""Training and measuring models; torch is imported only here, and by one back end."""
