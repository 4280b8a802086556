"""Decay begins at the maximum, so the maximum is held."""

import ast
from pathlib import Path

from architecture.source import Function, functions, python_files, shown

MODULE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
PARAMETERS_MAX = 8

EVERYTHING = ("src", "tests", "docs", "benchmarks")


def lines_of(function: Function) -> int:
    """Count the lines of a function, its docstring left out."""
    docstring = function.body[0] if ast.get_docstring(function, clean=False) is not None else None
    documented = (docstring.end_lineno or 0) - docstring.lineno + 1 if docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - documented


def parameters_of(function: Function) -> int:
    """Count what a caller may pass."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return sum(argument.arg not in {"self", "cls"} for argument in every)


def test_no_module_is_longer_than_500_lines() -> None:
    lengths = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files(*EVERYTHING)}
    assert {path: length for path, length in lengths.items() if length > MODULE_LINES_MAX} == {}


def is_generated(path: Path) -> bool:
    """Whether Alembic wrote a file: a migration is one list of operations."""
    return "versions" in path.parts


def test_no_function_is_longer_than_70_lines() -> None:
    too_long = [
        f"{shown(path)}:{function.lineno} {function.name}: {lines_of(function)} lines"
        for path in python_files(*EVERYTHING)
        for function in functions(path)
        if lines_of(function) > FUNCTION_LINES_MAX and not is_generated(path)
    ]
    assert too_long == []


def test_no_function_takes_more_than_8_parameters() -> None:
    too_many = [
        f"{shown(path)}:{function.lineno} {function.name}: {parameters_of(function)} parameters"
        for path in python_files("src")
        for function in functions(path)
        if parameters_of(function) > PARAMETERS_MAX
    ]
    assert too_many == []
