"""The embedded VPS.org: the documented API over real HTTP on loopback."""
