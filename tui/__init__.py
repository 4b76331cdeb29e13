"""ciplun: every VPS.org snapshot on one screen."""

__version__ = "0.1.0"
