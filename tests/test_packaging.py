"""What an installation consists of."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests import manpage

ROOT = Path(__file__).resolve().parent.parent
STRAY = ("token.txt", ".env", "tui/notes.md", "tui/vps/.token", "styles/old.bak", "tests/dump.json")
SOURCES = ("tui", "styles", "tests", "screenshots", ".ci", ".github")
FILES = ("README.md", "LICENSE", "pyproject.toml", ".gitignore", ".pre-commit-config.yaml")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wheel and a source distribution, made where stray files lie about."""
    folder, made = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("made")
    for name in SOURCES:
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, folder / name)
    for name in FILES:
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, folder / name)
    for name in STRAY:
        (folder / name).write_text("vps_secret")
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(made)]
    subprocess.run(build, cwd=folder, check=True, capture_output=True, timeout=120)
    return made


def test_a_wheel_has_the_package_with_its_styles_and_nothing_else(
    built: Path, tmp_path: Path
) -> None:
    archive = zipfile.ZipFile(next(built.glob("*.whl")))
    names = {name for name in archive.namelist() if ".dist-info/" not in name}
    (manual,) = [name for name in names if ".data/" in name]
    assert manual.endswith(".data/data/share/man/man1/ciplun.1")
    names.remove(manual)
    python = {str(path.relative_to(ROOT)) for path in (ROOT / "tui").rglob("*.py")}
    styles = {f"tui/styles/{path.name}" for path in (ROOT / "styles").glob("*.tcss")}
    assert names == python | styles | {"tui/py.typed", "tui/simulator/openapi.yaml"}
    (entries,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
    assert "[pytest11]\nciplun = tui.simulator.pytest_plugin\n" in archive.read(entries).decode()

    unpacked = tmp_path / "site"
    archive.extractall(unpacked)
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


def test_a_source_distribution_has_what_builds_and_tests_it_and_nothing_else(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names.isdisjoint(STRAY)
    wanted = [*(ROOT / "tui").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    wanted += [*(ROOT / "styles").glob("*.tcss"), *(ROOT / "tests").rglob("*.svg")]
    assert names >= {str(path.relative_to(ROOT)) for path in wanted}
    assert names >= {"pyproject.toml", "README.md", "LICENSE", "tui/py.typed", "tui/README.md"}
    assert {Path(name).suffix for name in names} == {
        *(".py", ".tcss", ".svg", ".md", ".yaml", ".yml", ".toml", ".typed"),
        ".1",
        "",  # LICENSE, .ci/run, .ci/deb, PKG-INFO
    }


def test_the_manual_page_says_what_the_commands_say() -> None:
    again = "run python -m tests.manpage"
    assert manpage.FILE.read_text(encoding="utf-8") == manpage.page(), again
    assert "\b" not in manpage.page(), "what click may not wrap is a block of its own"
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("no groff reads it here")
    read = [groff, "-man", "-Tutf8", "-ww", str(manpage.FILE)]
    done = subprocess.run(read, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    assert "EXIT STATUS" in re.sub(".\b|\x1b\\[[0-9;]*m", "", done.stdout)


def test_the_top_of_a_checkout_stays_a_short_list() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("only a checkout knows what is published of it")
    listed = ["git", "ls-files", "-z"]
    done = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    top = {name.partition("/")[0] for name in done.stdout.split("\0") if name}
    assert {name for name in top if not name.startswith(".")} == {
        *("pyproject.toml", "README.md", "LICENSE", "tui", "styles", "tests", "screenshots"),
    }


def test_a_checkout_takes_its_styles_from_beside_the_package() -> None:
    from tui.config.paths import STYLES

    assert sorted(STYLES.glob("*.tcss"))
    assert STYLES.parent in (ROOT, ROOT / "tui")


PAGES = [ROOT / "README.md", *(ROOT / ".github").glob("*.md")]
PAGES += [*(ROOT / "tui").rglob("README.md"), *(ROOT / "tui/docs").glob("*.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, part = link.partition("#")
        if "://" in link:
            continue
        target = page.parent / path if path else page
        assert target.exists(), link
        if part:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), flags=re.M)
            assert part in {heading.lower().replace(" ", "-") for heading in headings}, link
