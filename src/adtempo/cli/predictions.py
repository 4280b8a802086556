"""predictions record|compare|accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from adtempo.cli.options import optional, takes_together
from adtempo.cli.remote import asks_server
from adtempo.cli.session import AsJson, note, opened, print_fields, print_json, print_table
from adtempo.domain.errors import InvalidInput

FIELDS = {
    "prediction_id": "Yours; the same id and content again changes nothing.",
    "campaign": "What it is about: a campaign's id, or platform:account:campaign.",
    "account": "Or a whole account.",
    "platform": "Or a whole channel.",
    "metric": "Such as roas, ctr or spend.",
    "since": "First local day of the window.",
    "until": "Last local day of the window; default: the first.",
    "value": "What is expected: amounts in major units, CTR and CVR in percent.",
    "low80": "Lower end of the 80% interval.",
    "high80": "Upper end of the 80% interval.",
    "low95": "Lower end of the 95% interval.",
    "high95": "Upper end of the 95% interval.",
    "model": "Whose prediction it is.",
    "made_at": "When it was made, with offset; default: now.",
}
"""What can be said of a prediction: the columns of a file, each an option of the same name."""

Model = Annotated[str | None, typer.Option("--model", metavar="M", help="Only of this model.")]


@takes_together(
    "fields", optional(FIELDS), lambda said: {name: text for name, text in said.items() if text is not None}
)
def record(
    ctx: typer.Context,
    fields: Mapping[str, str],
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="CSV or JSON with the options below as its columns.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Record a prediction, or a file of them; one whose window was over when it was made is refused."""
    from adtempo.predictions.claims import read_claim
    from adtempo.predictions.record import record_file, record_prediction
    from adtempo.predictions.report import predictions_body

    if (file is None) == (not fields):
        raise InvalidInput("name a FILE, or state one prediction with the options; not both")
    with opened(ctx) as workspace:
        if file is None:
            recorded = [record_prediction(workspace, read_claim(fields), actor=workspace.actor)]
        else:
            recorded = record_file(workspace, file, actor=workspace.actor)
    if as_json:
        print_json(predictions_body(recorded))
    else:
        note(f"recorded: {len(recorded)}")


def compare(
    ctx: typer.Context,
    campaign: Annotated[str | None, typer.Option("--campaign", metavar="C", help="Only about this campaign.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Hold every prediction whose window is mature against what came true; each once and never again."""
    from adtempo.predictions.actuals import actuals_of
    from adtempo.predictions.compare import compare_predictions
    from adtempo.predictions.report import compared_body

    with opened(ctx) as workspace:
        done = compare_predictions(workspace, actuals_of(workspace), campaign=campaign)
    body = compared_body(done)
    if as_json:
        print_json(body)
        return
    keys = ("prediction_id", "campaign_id", "metric", "since", "until", "model", "value", "actual", "accuracy")
    rows = [[_short(one[key]) for key in keys] for group in body["comparisons"] for one in group["predictions"]]
    if rows:
        header = ("prediction", "campaign", *keys[2:])
        print_table(header, rows, right=("value", "actual", "accuracy"))
    note(f"compared: {body['compared']}; not mature yet: {body['waiting']}")


def accuracy(
    ctx: typer.Context,
    days: Annotated[int, typer.Option("--days", metavar="N", help="Comparisons made in the last N days.")] = 30,
    model: Model = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Say how right predictions have been, per model, channel and horizon, and how honest their intervals."""
    if asks_server(ctx, "/api/tracking/predictions/accuracy", {"days": days, "model": model}):
        return
    from adtempo.predictions.compare import load_accuracy
    from adtempo.predictions.report import accuracy_body

    with opened(ctx) as workspace:
        body = accuracy_body(load_accuracy(workspace, days=days, model=model))
    if as_json:
        print_json(body)
        return
    names = ("count", "avg_accuracy", "roas_accuracy", "ctr_accuracy", "bias")
    print_fields(
        {name: _short(body[name]) for name in names}
        | {f"inside {level}% interval": _share(body[f"coverage{level}"]) for level in (80, 95)}
    )
    if body["by"]:
        typer.echo()
        keys = ("model", "platform", "horizon", *names)
        rows = [[_short(one[key]) for key in keys] + [_share(one["coverage80"])] for one in body["by"]]
        print_table((*keys, "inside 80%"), rows, right=(*names, "inside 80%"))


def _short(value: Any) -> Any:
    return f"{value:.4g}" if isinstance(value, float) else value


def _share(share: dict[str, Any] | None) -> str | None:
    if share is None:
        return None
    return f"{share['value']:.0%} of {share['count']} ({share['low95']:.0%}-{share['high95']:.0%})"


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    predictions = typer.Typer(help="What was claimed about the future, and how right it was.", no_args_is_help=True)
    predictions.command("record")(record)
    predictions.command("compare")(compare)
    predictions.command("accuracy")(accuracy)
    app.add_typer(predictions, name="predictions")
