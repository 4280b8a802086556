"""What is not written down does not exist for users; what is written down must be true."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from adtempo.cli.main import app
from adtempo.domain.metrics import METRICS
from adtempo.jobs.schedule import JOBS
from adtempo.server import build_app
from adtempo.settings import Settings
from adtempo.workspace import open_workspace
from architecture.source import PACKAGE, ROOT, shown, tree_of, written_files

DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
STORY_LINES_MAX = 10

# Patterns that do not match themselves.
UNSPEAKABLE = (r"/w[o]rk/", r"/f[a]rm/", r"/r[o]ot/", r"p[y]pi\.org", r"p[y]thonhosted", r"n[p]mjs\.", r"deb\.d[e]bian")
UNFINISHED = (r"\bT[O]DO\b", r"\bF[I]XME\b", r"\bX[X]X\b", r"raise N[o]tImplementedError")
SECTIONS = ["Context", "Decision", "Consequences", "Alternatives", "Enforced by"]

PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])


def commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield each command that does something, by its words."""
    if not hasattr(command, "commands"):
        yield " ".join(words), command
        return
    for name, inner in command.commands.items():
        yield from commands(inner, (*words, name))


def test_every_command_and_option_is_in_the_reference() -> None:
    reference = (REFERENCE / "cli.md").read_text("utf-8")
    for words, command in commands(typer.main.get_command(app)):
        assert f"## adtempo {words}\n" in reference
        options = {name for parameter in command.params for name in parameter.opts if name.startswith("--")}
        assert [name for name in sorted(options - {"--help"}) if name not in reference] == [], words


def test_every_command_says_what_it_does() -> None:
    silent = [words for words, command in commands(typer.main.get_command(app)) if not (command.help or "").strip()]
    assert silent == []


def test_every_setting_is_in_the_reference() -> None:
    reference = (REFERENCE / "settings.md").read_text("utf-8")
    prefix = Settings.model_config.get("env_prefix", "")
    variables = {str(field.validation_alias or f"{prefix}{name}") for name, field in Settings.model_fields.items()}
    assert [name for name in sorted(variables) if f"`{name.upper()}`" not in reference] == []


def test_every_route_is_in_the_reference(tmp_path: Path) -> None:
    reference = (REFERENCE / "http.md").read_text("utf-8")
    with open_workspace(tmp_path) as workspace:
        paths = build_app(workspace).openapi()["paths"]
    routes = [f"{method.upper()} {path}" for path, methods in paths.items() for method in methods]
    assert [route for route in routes if f"`{route}`" not in reference] == []


def test_every_job_is_in_the_reference() -> None:
    reference = (REFERENCE / "jobs.md").read_text("utf-8")
    assert [job.name for job in JOBS if f"`{job.name}`" not in reference] == []


def test_every_metric_is_in_the_reference() -> None:
    reference = (REFERENCE / "metrics.md").read_text("utf-8")
    assert [metric.name for metric in METRICS if f"`{metric.name}`" not in reference] == []


def test_the_floors_in_the_explanation_are_the_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["id"] == "floors")
    explained = (DOCS / "explain" / "architecture.md").read_text("utf-8")
    table = explained.partition("| floor | rooms |")[2].partition("\n\n")[0]
    floors = [re.findall(r"`(\w+)`", line) for line in table.splitlines() if "`" in line]
    assert floors == [re.findall(r"\w+", layer) for layer in layers]


def test_every_decision_is_listed_and_complete() -> None:
    index = (DOCS / "decisions" / "README.md").read_text("utf-8")
    pages = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    assert [page.name for page in pages if f"({page.name})" not in index] == []
    for page in pages:
        assert re.findall(r"^## (.+)$", page.read_text("utf-8"), re.MULTILINE) == SECTIONS, page.name


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_the_tree_in_contributing_is_true() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    tree = re.search(r"## The tree\n\n```\n(.*?)```", text, re.DOTALL)
    assert tree is not None
    named: set[str] = set()
    parent = ""
    for line in tree[1].splitlines():
        name = line.split()[0]
        parent = parent if line.startswith(" ") else name
        named.add(parent + name if line.startswith(" ") else name)
    folders = ("tests", "docs")
    real = {f"{shown(path)}/" for folder in folders for path in (ROOT / folder).iterdir() if is_room(path)}
    assert {name for name in named if name.count("/") == 2 and not name.startswith("src/")} == real
    assert [name for name in sorted(named) if not (ROOT / name).is_dir()] == []


def is_room(path: Path) -> bool:
    """Whether a path is a folder that holds something written."""
    return path.is_dir() and any(file.suffix in {".py", ".md"} for file in path.rglob("*"))


@pytest.mark.parametrize("init", sorted(PACKAGE.rglob("__init__.py")), ids=shown)
def test_every_package_opens_with_its_story(init: Path) -> None:
    story = ast.get_docstring(tree_of(init))
    assert story, "a package opens with what enters, what leaves and what it must never do"
    assert len(story.splitlines()) <= STORY_LINES_MAX


def test_every_folder_of_modules_is_a_package() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts}
    assert [shown(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_no_file_names_a_machine_a_download_host_or_unfinished_work() -> None:
    found = []
    for path in written_files():
        text = path.read_bytes().decode("utf-8", "replace")
        patterns = UNSPEAKABLE if path.suffix == ".lock" else (*UNSPEAKABLE, *UNFINISHED)
        found += [f"{shown(path)}: {match[0]}" for pattern in patterns if (match := re.search(pattern, text))]
    assert found == []
