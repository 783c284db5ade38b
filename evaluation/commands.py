"""The commands that measure: `evaluate` a run, `report` on predictions of any program, `compare` runs on the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from .require import Requirement

__all__ = ["compare", "evaluate", "lines_of", "report"]

Required = Annotated[
    list[str] | None,
    typer.Option(
        "--require",
        help="Bound on a figure of the report, such as 'auroc_lower>=0.9' or 'stops==0'; repeat it. Exit status 1 if one "
        "fails; the report is written anyway.",
    ),
]
Contents = Annotated[
    bool, typer.Option(help="Show words of records, as of the surest wrong answers; --no-contents to pass it on.")
]
Threads = Annotated[int | None, typer.Option(help="CPU threads; by default all cores.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress on standard error.")]


def _number(value: float | None, sign: str = "") -> str:
    return "undefined" if value is None or value != value else f"{value:{sign}.3f}"


def lines_of(report: Any) -> list[str]:
    """The headline, the baselines and the alarms of a report, a line each."""
    low, high = report.interval or (None, None)
    lines = [f"{report.headline} {_number(report.value)} (95 % interval {_number(low)} to {_number(high)})"]
    for one in report.data["baselines"]:
        lowest, highest = one["interval"] or (None, None)
        lines.append(
            f"  {one['name']:<32} {_number(one['value'])}   tuned is ahead by {_number(one['difference'], '+')} "
            f"({_number(lowest, '+')} to {_number(highest, '+')})"
        )
    return lines + [f"  {alarm['level']}: {alarm['message']}" for alarm in report.data.get("alarms", ())]


def _parsed(required: Sequence[str] | None) -> list[Requirement]:
    from .require import parse

    return [parse(one) for one in required or ()]


def _judge(requirements: Sequence[Requirement], numbers: Mapping[str, float]) -> None:
    """Print each requirement with its figure; exit status 1 when one fails."""
    from .require import check

    outcomes = check(requirements, numbers)
    for one in outcomes:
        typer.echo(str(one))
    if not all(one.passed for one in outcomes):
        raise typer.Exit(1)


def evaluate(
    run: Annotated[str, typer.Argument(help="Run folder.")],
    data: Annotated[str | None, typer.Option(help="Other rows to test on; by default the run's own test rows.")] = None,
    out: Annotated[str | None, typer.Option(help="Folder for the report; by default RUN/report.")] = None,
    baselines: Annotated[bool, typer.Option(help="Fit and score the baselines on the same rows.")] = True,
    thorough: Annotated[
        bool, typer.Option("--thorough/--quick", help="Also ask the model anew about changed records (minutes).")
    ] = True,
    contents: Contents = True,
    require: Required = None,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Measure a run on its test rows beside honest baselines and write the report."""
    from .evaluate import evaluate as evaluate_run

    requirements = _parsed(require)
    made = evaluate_run(
        run,
        data,
        out=out,
        baselines=baselines,
        threads=threads,
        progress=not quiet,
        thorough=thorough,
        contents=contents,
    )
    typer.echo("\n".join(lines_of(made)))
    typer.echo(f"{made.path}")
    _judge(requirements, made.numbers)


def report(
    predictions: Annotated[str, typer.Argument(help="Truth, probabilities and records: .csv .tsv .jsonl .parquet.")],
    task: Annotated[str, typer.Option(help="The question, such as finance.credit; see `verticals tasks`.")],
    label: Annotated[str | None, typer.Option(help="Column with the truth; by default the task's own.")] = None,
    positive: Annotated[str | None, typer.Option(help="Label that a yes/no task looks for.")] = None,
    probability: Annotated[
        str | None,
        typer.Option(help="Column with the probability of the positive label; by default probability_LABEL of each."),
    ] = None,
    group: Annotated[str | None, typer.Option(help="Column (patient, pupil, card) whose rows belong together.")] = None,
    time: Annotated[str | None, typer.Option(help="Column that orders the rows.")] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Probability from which you act, fixed on other rows than these.")
    ] = None,
    train: Annotated[
        str | None, typer.Option(help="Rows that the model was trained on: for baselines and drift.")
    ] = None,
    out: Annotated[str | None, typer.Option(help="Folder for the report; by default NAME.report beside it.")] = None,
    contents: Contents = True,
    require: Required = None,
    quiet: Quiet = False,
) -> None:
    """Report on a model that was trained elsewhere, from its predictions.

    Columns: the truth, one probability_LABEL for each label (for two labels, one named probability, score or risk is
    enough; for values, prediction), and what else is known of the records. `abstained` may mark unanswered rows.
    """
    from .outside import report as report_on

    requirements = _parsed(require)
    made = report_on(
        predictions,
        task,
        label=label,
        positive=positive,
        probability=probability,
        group=group,
        time=time,
        threshold=threshold,
        train=train,
        out=out,
        contents=contents,
        progress=not quiet,
    )
    typer.echo("\n".join(lines_of(made)))
    typer.echo(f"{made.path}")
    _judge(requirements, made.numbers)


def compare(
    runs: Annotated[list[str], typer.Argument(help="Two run folders or more; the others are set beside the first.")],
    data: Annotated[
        str | None, typer.Option(help="Rows to measure all on; by default the test rows of the first run.")
    ] = None,
    out: Annotated[str | None, typer.Option(help="Folder to write; by default FIRST/compare.")] = None,
    require: Required = None,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Set runs side by side on the same rows: metrics, differences with their tests, and the answers that changed."""
    from .compare import compare as compare_runs

    requirements = _parsed(require)
    made = compare_runs(runs, data, out=out, threads=threads, progress=not quiet)
    typer.echo("\n".join(made.lines()))
    typer.echo(f"{made.path}")
    _judge(requirements, made.numbers)
