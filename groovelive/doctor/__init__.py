"""What a machine has and lacks for groovelive: each thing really tried, in bounded time, beside a session that runs."""
