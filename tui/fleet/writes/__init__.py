"""Create, restore, delete: what may be sent, how it is sent once, and what became of it."""
