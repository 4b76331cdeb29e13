"""Settings, the places they come from, and the token's source."""
