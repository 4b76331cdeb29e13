"""The operations journal: what was asked for, on disk before any request leaves."""
