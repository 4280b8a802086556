"""Extensions are files in a folder, listed in an explicit tuple; an unlisted file would do nothing, silently."""

import ast

import pytest

from architecture.source import PACKAGE, SCAFFOLDING, shown, tree_of

TABLES = {
    "FORMATS": "facts/formats",
    "RULES": "budgets/rules",
    "GUARDRAILS": "changes/guardrails",
    "FORECASTERS": "stats/forecasters",
    "CHARTS": "charts",
    "EXPORTS": "dayparts/exports",
}
"""A table, and the folder whose files it lists; the table stands in the folder's `__init__.py`."""


def assigned(module: ast.Module, name: str) -> ast.expr | None:
    """Return what a module assigns to a name at its top level."""
    for node in module.body:
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == name for to in node.targets):
            return node.value
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
            return node.value
    return None


def origins(module: ast.Module, package: str) -> dict[str, str]:
    """Return the file (stem) of a package that each imported name comes from."""
    found = {}
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(package):
            for alias in node.names:
                stem = alias.name if node.module == package else node.module.removeprefix(f"{package}.")
                found[alias.asname or alias.name] = stem
    return found


@pytest.mark.parametrize("table", TABLES)
def test_every_file_of_an_extension_folder_stands_in_its_table(table: str) -> None:
    folder = PACKAGE / TABLES[table]
    if (folder / "__init__.py").exists():
        init = tree_of(folder / "__init__.py")
        listed = assigned(init, table)
        assert listed is not None, f"{shown(folder)}/__init__.py has no {table}"
        package = f"adtempo.{TABLES[table].replace('/', '.')}"
        stems = origins(init, package)
        in_table = {stems[node.id] for node in ast.walk(listed) if isinstance(node, ast.Name) and node.id in stems}
        files = {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}
        shared = SCAFFOLDING.get(TABLES[table], set())
        assert files - shared == in_table - shared


@pytest.mark.parametrize("table", ["readers", "writers"])
def test_every_platform_folder_stands_in_the_tables_of_connectors(table: str) -> None:
    path = PACKAGE / "platforms" / f"{table}.py"
    if path.exists():
        kind = table.removesuffix("s")
        connectors = {folder.name for folder in path.parent.iterdir() if (folder / f"{kind}.py").exists()}
        stems = origins(tree_of(path), "adtempo.platforms")
        assert connectors <= {stem.split(".")[0] for stem in stems.values()}
