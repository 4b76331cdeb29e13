"""Settings files in a home of their own."""

from __future__ import annotations

from pathlib import Path


def home(folder: Path, config: str | bytes = "", *, mode: int = 0o600) -> dict[str, str]:
    """The environment of a user whose settings file has this content; empty: there is none."""
    if config:
        file = folder / ".config/ciplun/config.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(config if isinstance(config, bytes) else config.encode())
        file.chmod(mode)
    return {"HOME": str(folder)}


def provider(folder: Path, content: str, *, mode: int = 0o600) -> None:
    """What the provider's own tool keeps."""
    file = folder / ".vps/config.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(content)
    file.chmod(mode)
