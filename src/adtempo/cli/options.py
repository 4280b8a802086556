"""Commands that take many options which belong together: handed over as one argument."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import typer


def takes_together(
    name: str, options: Sequence[inspect.Parameter], gather: Callable[[dict[str, Any]], Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return what gives a command further options, handed over together.

    Args:
        name: The command's argument that takes them.
        gather: Makes that argument of what was said, by the options' names.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = [part for part in inspect.signature(command, eval_str=True).parameters.values() if part.name != name]

        def spread(**said: Any) -> None:
            command(**{part.name: said.pop(part.name) for part in own}, **{name: gather(said)})

        parameters = [part.replace(kind=inspect.Parameter.KEYWORD_ONLY) for part in (*own, *options)]
        spread.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        spread.__annotations__ = {part.name: part.annotation for part in parameters}
        spread.__doc__ = command.__doc__
        return spread

    return decorate


def optional(helps: Mapping[str, str], kinds: Mapping[str, Any] | None = None) -> list[inspect.Parameter]:
    """Return one option per name, each of which can be left out.

    Args:
        helps: What `--help` says, by name.
        kinds: Type by name, None included; None = texts.
    """
    return [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[
                (kinds or {}).get(name, str | None), typer.Option(f"--{name.replace('_', '-')}", help=text)
            ],
        )
        for name, text in helps.items()
    ]
