"""Verbs say what can happen; names that say nothing are not used."""

import ast
from pathlib import Path

import pytest

from architecture.source import PACKAGE, SCAFFOLDING, Function, functions, python_files, shown, tree_of

SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "service", "services", "core"}

VERBS = {
    "platforms/*/reader.py": ("fetch_", "open_"),
    "facts/load.py": ("load_",),
    "facts/quality.py": ("check_",),
    "*/estimate.py": ("estimate_",),
    "dayparts/decide.py": ("recommend_",),
    "budgets/decide.py": ("recommend_",),
    "messages/decide.py": ("recommend_",),
    "forecasts/decide.py": ("recommend_",),
    "budgets/rules/*.py": ("recommend_",),
    "changes/guardrails/*.py": ("check_",),
    "charts/*.py": ("draw_",),
}
"""Files whose public functions all begin with one verb."""

RESERVED = {
    "fetch_": "platforms",
    "ingest_": "facts",
    "publish_": "facts",
    "approve_": "changes",
    "reject_": "changes",
    "apply_": "changes",
    "revert_": "changes",
}
"""Verbs that promise an effect, and the one room whose functions may have it; edges only pass them on."""

EDGES = {"api", "cli", "web"}


def public_functions(path: Path) -> list[Function]:
    """Return the functions of a module that others may call; methods belong to their class."""
    body = tree_of(path).body
    return [node for node in body if isinstance(node, Function) and not node.name.startswith("_")]


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [shown(path) for path in python_files("src", "tests") if path.stem in SAY_NOTHING] == []
    folders = [path for path in PACKAGE.rglob("*") if path.is_dir()]
    assert [shown(folder) for folder in folders if folder.name in SAY_NOTHING] == []


@pytest.mark.parametrize("pattern", VERBS)
def test_public_functions_begin_with_the_verb_of_their_file(pattern: str) -> None:
    strangers = [
        f"{shown(path)}:{function.lineno} {function.name}"
        for path in sorted(PACKAGE.glob(pattern))
        if path.stem not in SCAFFOLDING.get(pattern.removesuffix("/*.py"), set())
        for function in public_functions(path)
        if not function.name.startswith(VERBS[pattern])
    ]
    assert strangers == [], f"public functions here begin with {' or '.join(VERBS[pattern])}"


@pytest.mark.parametrize("verb", RESERVED)
def test_a_verb_with_an_effect_is_used_only_where_the_effect_lives(verb: str) -> None:
    strangers = [
        f"{shown(path)}:{function.lineno} {function.name}"
        for path in python_files("src")
        if (room := path.relative_to(PACKAGE).parts[0]) != RESERVED[verb] and room not in EDGES
        for function in public_functions(path)
        if function.name.startswith(verb)
    ]
    assert strangers == [], f"functions named {verb}* live in {RESERVED[verb]}"


def test_errors_are_named_after_their_situation() -> None:
    classes = [node.name for node in tree_of(PACKAGE / "domain" / "errors.py").body if isinstance(node, ast.ClassDef)]
    assert [name for name in classes if name.endswith(("Error", "Exception"))] == ["AdtempoError"]


def test_only_what_wraps_requests_is_asynchronous() -> None:
    asynchronous = [
        shown(path)
        for path in python_files("src")
        for function in functions(path)
        if isinstance(function, ast.AsyncFunctionDef)
        and (function in public_functions(path) or path.relative_to(PACKAGE).parts[0] not in {"api", "web"})
    ]
    assert asynchronous == []
