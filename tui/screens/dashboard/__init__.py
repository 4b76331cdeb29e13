"""The dashboard: one screen over one session."""
