"""What the architecture tests look at: the files of this repository, and their syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "adtempo"

SCAFFOLDING: dict[str, set[str]] = {
    "budgets/rules": {"base", "conditions", "fields", "sentences"},
    "dayparts/exports": {"base"},
    "facts/formats": {"base"},
    "stats/forecasters": {"base", "calibration", "choice", "dates", "panel", "past"},
    "charts": {"fan", "grammar", "picture", "said", "series", "theme"},
}
"""Files of an extension folder that its extensions share, and that are none themselves."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def python_files(*folders: str) -> list[Path]:
    """Return the Python files below folders of the repository, sorted; migrations are drafted by a program."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if path.parent.name != "versions")


def written_files() -> list[Path]:
    """Return every file that people wrote, sorted: no caches, no virtual environment, no build."""
    folders = [ROOT / name for name in ("src", "tests", "docs", "benchmarks", "bruno", ".ci")]
    below = [path for folder in folders for path in folder.rglob("*") if "__pycache__" not in path.parts]
    return sorted(path for path in [*ROOT.iterdir(), *below] if path.is_file() and not path.name.startswith(".cov"))


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[Function]:
    """Yield all functions of a file, methods and inner functions included."""
    return (node for node in ast.walk(tree_of(path)) if isinstance(node, Function))


def shown(path: Path) -> str:
    """Return a path as messages name it."""
    return path.relative_to(ROOT).as_posix()
