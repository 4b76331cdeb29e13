"""State and rules: what is known of all servers and snapshots, and what may be done to them."""
