"""The tables inside docs/, written from the code by cog: `make docs`; `make test` checks that they are current."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cog
import typer

from adtempo.domain import errors as catalogue
from adtempo.domain.errors import AdtempoError
from adtempo.domain.metrics import METRICS
from adtempo.domain.roles import IN_PERSON, PERMISSIONS, Role

ROOMS = (
    *("domain", "stats", "settings", "platforms", "platforms/sandbox", "store", "notify", "facts", "facts/formats"),
    *("workspace", "predictions", "alerts", "people", "changes", "accounts", "tracking", "dayparts", "budgets"),
    *("messages", "forecasts", "jobs", "charts", "api", "cli", "web", "web/pages"),
)
"""From the ground floor upwards, as in the contract `floors`."""

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "adtempo"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    escaped = ([" ".join(str(cell).split()).replace("|", "\\|") for cell in line] for line in lines)
    cog.outl("\n" + "\n".join(f"| {' | '.join(line)} |" for line in escaped) + "\n")


def code(text: object) -> str:
    """Return text set as code; nothing stays nothing."""
    return f"`{text}`" if str(text) else ""


def first_line(documented: object) -> str:
    """Return the sentence that a docstring opens with."""
    return (inspect.getdoc(documented) or "").partition("\n")[0]


def metrics() -> None:
    """Write METRICS."""
    table(
        ["metric", "unit", "better when", "what it is"],
        [(code(metric.name), metric.unit, metric.better_when, metric.description) for metric in METRICS],
    )


def errors() -> None:
    """Write the catalogue of errors, with what each edge answers."""
    from adtempo.api.errors import status_of
    from adtempo.cli.main import EXIT_CODES

    classes = [cls for _, cls in inspect.getmembers(catalogue, inspect.isclass) if issubclass(cls, AdtempoError)]
    classes.sort(key=lambda cls: inspect.getsourcelines(cls)[1])
    table(
        ["error", "kind", "HTTP status", "exit code", "try again?", "message"],
        [
            (
                code(cls.__name__),
                code(cls.kind),
                status_of(cls.__new__(cls)).value,
                EXIT_CODES.get(cls.kind, 1),
                "yes" if cls.retryable else "no",
                first_line(cls),
            )
            for cls in classes
        ],
    )


def commands() -> None:
    """Write every command with its arguments and options."""
    from adtempo.cli.main import app

    root = typer.main.get_command(app)
    cog.outl("\n## Global options\n\nThey may stand anywhere on the line.")
    parameters(root)
    for words, command in leaves(root, ()):
        cog.outl(f"## adtempo {' '.join(words)}\n\n{inspect.cleandoc(command.help or '')}")
        parameters(command)


def leaves(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each command that does something, with the words that call it."""
    if not hasattr(command, "commands"):
        yield words, command
        return
    for name, inner in command.commands.items():
        yield from leaves(inner, (*words, name))


def parameters(command: Any) -> None:
    """Write the arguments and options of one command."""
    rows = []
    for parameter in command.params:
        is_option = parameter.param_type_name == "option"
        if not is_option or "--help" not in parameter.opts:
            names = " ".join(parameter.opts) if is_option else parameter.name.upper()
            default = "" if callable(parameter.default) or parameter.default in (None, False, ()) else parameter.default
            rows.append((code(names), code(default), parameter.help or ""))
    if rows:
        table(["argument or option", "default", "meaning"], rows)
    else:
        cog.outl()


def settings() -> None:
    """Write every setting, with the environment variable that sets it."""
    from adtempo.settings import Settings

    prefix = Settings.model_config.get("env_prefix", "")
    rows = []
    for name, field in Settings.model_fields.items():
        variable = field.validation_alias or f"{prefix}{name}"
        rows.append(
            (code(str(variable).upper()), code("" if field.default is None else field.default), field.description)
        )
    table(["variable", "default", "meaning"], rows)


def routes() -> None:
    """Write every route of the HTTP API."""
    from adtempo.server import build_app
    from adtempo.workspace import open_workspace

    with TemporaryDirectory() as home, open_workspace(Path(home)) as workspace:
        paths = build_app(workspace).openapi()["paths"]
    table(
        ["route", "who may", "what it does"],
        [
            (code(f"{method.upper()} {path}"), operation["x-action"], operation["description"].partition("\n\n")[0])
            for path, methods in paths.items()
            for method, operation in methods.items()
        ],
    )


def permissions() -> None:
    """Write which role may do what."""
    rows = []
    for action, roles in PERMISSIONS.items():
        marks = ["yes" if role in roles else "" for role in Role]
        rows.append((code(action), *marks, "no" if action in IN_PERSON else "yes"))
    table(["action", *Role, "by a script's token?"], rows)


def jobs() -> None:
    """Write JOBS."""
    from adtempo.jobs.schedule import JOBS

    table(
        ["job", "when (cron, UTC)", "missed slots", "what it does"],
        [(code(job.name), code(job.cron) or "on request", job.catch_up, job.description) for job in JOBS],
    )


def stories() -> None:
    """Write the story that each package tells at its top, from the domain upwards."""
    for room in ROOMS:
        init = PACKAGE / room / "__init__.py"
        if init.exists():
            story = ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))) or ""
            cog.outl(f"\n### `{room}/`\n\n{story}")
    cog.outl()


def file_formats() -> None:
    """Write what each column of a known file is read as."""
    from adtempo.facts.formats import FORMATS
    from adtempo.facts.formats.base import CELLS

    for known in FORMATS:
        cog.outl(f"\n### {known.name}\n\n{known.title[0].upper()}{known.title[1:]}.")
        rows = []
        for cell, names in known.columns.items():
            optional = known.by_option.get(cell, ())
            said = f"; {', '.join(map(code, optional))} only when named by an option" if optional else ""
            meaning = cell if cell in CELLS else f"{cell} (for others)"
            rows.append((", ".join(map(code, names)) + said, meaning))
        table(("column", "read as"), rows)


def quality_rules() -> None:
    """Write what is odd but possible in a file."""
    from adtempo.facts.staging.quality import QUALITY_RULES

    table(("verdict", "severity", "advice"), [(code(rule.name), rule.severity, rule.advice) for rule in QUALITY_RULES])


def rule_fields() -> None:
    """Write the fields of a budget rule."""
    from adtempo.budgets.rules.base import DEFAULT_AMOUNTS, DEFAULT_RULE, Rule
    from adtempo.budgets.rules.fields import FIELDS

    said = dict(re.findall(r"^ {8}(\w+): (.+?)\.?(?=\n {8}\w+:|\s*$)", Rule.__doc__ or "", re.MULTILINE))
    rows = []
    for field in FIELDS:
        default = getattr(DEFAULT_RULE, field.name)
        shown = f"{DEFAULT_AMOUNTS[field.name]:,} USD" if field.name in DEFAULT_AMOUNTS else default
        rows.append((code(field.name), field.kind, "" if shown in (None, ()) else shown, said[field.name]))
    table(("field", "kind", "default", "what it does"), rows)


def default_amounts() -> None:
    """Write how the default amounts are converted."""
    from adtempo.budgets.rules.base import PER_DOLLAR

    rates = sorted(set(PER_DOLLAR.values()))
    rows = [(f"{rate:,g}", " ".join(sorted(code for code, per in PER_DOLLAR.items() if per == rate))) for rate in rates]
    table(("for one US dollar", "currencies"), rows)
