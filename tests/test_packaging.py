"""What an installation consists of."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_a_wheel_has_the_package_with_its_styles_and_nothing_else(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    wheel = next(tmp_path.glob("*.whl"))
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert "tui" in tops
    assert len(tops) == 2
    assert next(top for top in tops if top != "tui").endswith(".dist-info")
    for style in (ROOT / "styles").glob("*.tcss"):
        assert f"tui/styles/{style.name}" in names
    assert "tui/py.typed" in names
    assert "tui/README.md" not in names  # it is for those who read the source

    unpacked = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(unpacked)
    code = "import tui.config.paths as p; print(p.STYLES)"
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(unpacked), "PYTHONSAFEPATH": "1"},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert Path(found.stdout.strip()) == unpacked / "tui" / "styles"


def test_a_checkout_takes_its_styles_from_beside_the_package() -> None:
    from tui.config.paths import STYLES

    assert sorted(STYLES.glob("*.tcss"))
    assert STYLES.parent in (ROOT, ROOT / "tui")
