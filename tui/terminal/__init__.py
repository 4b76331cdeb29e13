"""The terminal itself: driver, signals, and what is checked before it is taken over."""
