"""The command line: each command is a typed function; heavy imports happen inside, so that --help stays instant."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from . import __version__
from .core.errors import DataError, VerticalsError
from .datasets.commands import app as data_app
from .evaluation.commands import compare, evaluate, lines_of, report

app = typer.Typer(
    name="verticals",
    help="Turn a team's own records into a decision helper it can defend: check the data, LoRA-tune one open "
    "transformer, measure it against honest baselines, calibrate it, let it abstain, write the report.",
    epilog="Start with `verticals quickstart`, then `verticals tune finance.credit --data applications.csv --label BAD "
    "--positive 1 --out runs/credit`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(data_app, name="data")

Names = Annotated[list[str] | None, typer.Option(help="Column; repeat it, or join several by commas.")]


def _names(given: list[str] | None) -> tuple[str, ...]:
    return tuple(name.strip() for one in given or () for name in one.split(",") if name.strip())


def _settings(given: list[str] | None) -> dict[str, str]:
    pairs = [one.partition("=") for one in given or ()]
    for name, sign, _ in pairs:
        if not sign:
            raise DataError(f"--set {name!r} has no value; write it as name=value, for example --set rank=16.")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"verticals {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Common options."""


def _span(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" {low:g} to {high:g}"
    return f" from {low:g}" if low is not None else f" up to {high:g}" if high is not None else ""


@app.command()
def tasks(name: Annotated[str | None, typer.Argument(help="One task, to see its fields and metrics.")] = None) -> None:
    """List the questions that the installed domains answer."""
    from .core.registry import load_task, load_tasks

    if name is None:
        found = load_tasks()
        width = max((len(task.name) for task in found), default=0)
        for task in found:
            typer.echo(f"{task.name:<{width}}  {task.title}")
        typer.echo("\nSee one with `verticals tasks NAME`.")
        return
    task = load_task(name)
    typer.echo(f"{task.name} {task.version} ({task.kind})\n{task.title}\n{task.safety.statement}\n")
    typer.echo(f"label    {task.label}" + (f" (looks for {task.positive!r})" if task.positive else ""))
    typer.echo(f"split    by {task.split.by}")
    typer.echo(f"readers  {', '.join(reader.name for reader in task.readers) or 'tables only'}")
    typer.echo(f"metrics  {', '.join(m.name for m in task.metrics)} (headline {task.headline.name})")
    for one in task.fields:
        span = _span(one.low, one.high)
        typer.echo(
            f"  {one.name:<22} {one.kind:<9} {one.unit}{span}{'  protected: never fed to the model' * one.protected}"
        )


@app.command()
def tune(
    task: Annotated[str, typer.Argument(help="The question, such as finance.credit; see `verticals tasks`.")],
    out: Annotated[Path, typer.Option(help="Run folder to write.")],
    data: Annotated[
        str | None,
        typer.Option(help="Table (.csv .tsv .jsonl .parquet) or a reader's file; left out: simulated records."),
    ] = None,
    label: Annotated[str | None, typer.Option(help="Column with the truth; by default the task's own.")] = None,
    positive: Annotated[str | None, typer.Option(help="Label that a yes/no task looks for.")] = None,
    test: Annotated[str | None, typer.Option(help="Separate file with the test rows.")] = None,
    reader: Annotated[str | None, typer.Option(help="Data adapter of the task for an outside format.")] = None,
    text: Names = None,
    number: Names = None,
    category: Names = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set-field", help="Column of `item=value; item=value` findings.")
    ] = None,
    time: Annotated[str | None, typer.Option(help="Column with the time: later rows become the test.")] = None,
    group: Annotated[
        str | None, typer.Option(help="Column (patient, pupil, card) whose rows stay on one side.")
    ] = None,
    ignore: Names = None,
    fields: Annotated[str | None, typer.Option(help="TOML file that says what the columns are.")] = None,
    rows: Annotated[int | None, typer.Option(help="Use only so many rows (or simulate so many).")] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(help="Key of a stop of the data gate that you know of, such as --accept overlap; repeat it."),
    ] = None,
    rejects: Annotated[
        str | None, typer.Option(help="File (.jsonl) for rows that cannot be read; otherwise the first is refused.")
    ] = None,
    recipe: Annotated[str | None, typer.Option(help="TOML file with settings.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="One setting as name=value, such as --set rank=16 --set epochs=4.")
    ] = None,
    backbone: Annotated[str | None, typer.Option(help="minilm (embedded), a local folder, or a hub id.")] = None,
    epochs: Annotated[float | None, typer.Option(help="Passes over the training rows.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of split, weights and order.")] = 0,
    threads: Annotated[int | None, typer.Option(help="CPU threads; by default all cores.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an unfinished run.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a run that stands there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar, no notes.")] = False,
) -> None:
    """Tune an adapter on your records: check, split, tune, calibrate, save.

    Fields are recognised; set them where that is wrong: --text note --number amount --category job --ignore id.
    """
    from .core.recipe import Recipe, read_recipe, with_settings
    from .core.run import claim_only_checks

    chosen = read_recipe(recipe) if recipe else Recipe()
    named = {"backbone": backbone, "epochs": epochs, "threads": threads, "seed": seed}
    chosen = with_settings(chosen, {k: v for k, v in named.items() if v is not None} | _settings(settings))
    claim_only_checks(out, resume=resume, overwrite=overwrite)
    from .core.tune import tune as tune_run
    from .datasets.prepare import prepare

    prepared = prepare(
        task,
        data,
        label=label,
        positive=positive,
        test=test,
        reader=reader,
        text=_names(text),
        number=_names(number),
        category=_names(category),
        set_=_names(set_),
        time=time,
        group=group,
        ignore=_names(ignore),
        fields=fields,
        rows=rows,
        seed=seed,
        accept=_names(accept),
        rejects=rejects,
    )
    run_folder = tune_run(prepared, chosen, out=out, resume=resume, overwrite=overwrite, progress=not quiet)
    typer.echo(f"{run_folder}\nNext: verticals evaluate {run_folder}")


app.command()(evaluate)
app.command()(report)
app.command()(compare)


@app.command()
def predict(
    run: Annotated[str, typer.Argument(help="Run folder.")],
    data: Annotated[str, typer.Argument(help="Records: .csv .tsv .jsonl .parquet.")],
    out: Annotated[str, typer.Option(help="File to write; its ending says the format.")],
    threads: Annotated[int | None, typer.Option(help="CPU threads; by default all cores.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that stands there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Score records, streaming: the input's columns, then prediction, probability_LABEL and abstained."""
    from .core.predict import Predictor
    from .datasets.stream import predict_file

    predictor = Predictor.load(run, threads=threads)
    count = predict_file(predictor, data, out, overwrite=overwrite, progress=not quiet)
    typer.echo(f"{count.rows:,} rows, {count.abstained:,} abstained, {count.flagged:,} flagged for a person: {out}")


QUICK: dict[str, tuple[int, dict[str, Any]]] = {
    "medical.diagnosis": (600, {"epochs": 1.5}),
    "education.tutoring": (1100, {"epochs": 1}),
    "finance.fraud": (4000, {"epochs": 1, "depth": 3}),
    "finance.credit": (1600, {"epochs": 2, "depth": 3}),
}
"""Simulated rows and settings of the quickstart: enough to be ahead of the baselines that must be beaten, in one to two
minutes a task on two cores without bfloat16 products; for one's own records the defaults do better."""


@app.command()
def quickstart(
    out: Annotated[Path, typer.Option(help="Folder for runs and reports.")] = Path("runs/quickstart"),
    rows: Annotated[int | None, typer.Option(help="Simulated records a task; by default 600 to 4,000.")] = None,
    only: Annotated[list[str] | None, typer.Option("--task", help="Only this task; repeat it for several.")] = None,
    threads: Annotated[int | None, typer.Option(help="CPU threads; by default all cores.")] = None,
) -> None:
    """Tune, evaluate and report the tasks that come with verticals, on simulated records, offline."""
    import time

    from .core.recipe import Recipe, with_settings
    from .core.registry import load_task
    from .core.tune import tune as tune_run
    from .datasets.prepare import prepare
    from .evaluation.evaluate import evaluate as evaluate_run
    from .evaluation.index import write_index

    chosen = only or ["medical.diagnosis", "education.tutoring", "finance.fraud", "finance.credit"]
    own = {} if threads is None else {"threads": threads}
    started, reports = time.monotonic(), []
    for name in chosen:
        task = load_task(name)
        typer.echo(f"\n{name}: {task.title}")
        fewer, short = QUICK.get(name, (None, {"epochs": 2}))
        run_folder = tune_run(
            prepare(task, rows=rows or fewer), with_settings(Recipe(), short | own), out=out / name, overwrite=True
        )
        # the sections that ask the model anew would take longer than the tuning
        reports.append(evaluate_run(run_folder, out=out / f"{name}.report", threads=threads, thorough=False))
        typer.echo("  on simulated test rows: " + "\n  ".join(lines_of(reports[-1])))
    index = write_index(reports, out)
    typer.echo(f"\n{len(reports)} tasks in {time.monotonic() - started:.0f} s. Open {index}")


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False) -> None:
    """Say what this machine has: versions, backbone, domains, which fast paths are on."""
    from .core.backbone import load_backbone
    from .core.machine import facts, prefer_fast_matmul, use_threads, versions
    from .core.registry import domain_names, load_domain

    found: dict[str, Any] = {"verticals": __version__, "versions": versions(), "machine": facts()}
    found["threads"] = use_threads()
    found["matrix products"] = prefer_fast_matmul()
    problems = []
    try:
        backbone = load_backbone()
        found["backbone"] = f"minilm, sha256 {backbone.sha256[:12]}… as published"
    except VerticalsError as error:
        found["backbone"] = str(error)
        problems.append(str(error))
    found["domains"] = {}
    for name in domain_names():
        try:
            found["domains"][name] = [task.name for task in load_domain(name).tasks]
        except VerticalsError as error:
            found["domains"][name] = str(error)
            problems.append(str(error))
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        for key, value in found.items():
            shown = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
            typer.echo(f"{key:<16} {shown}")
        typer.echo("No problem found." if not problems else f"{len(problems)} to mend: {' '.join(problems)}")
    if problems:
        raise typer.Exit(1)


def run() -> None:
    """Run the command line; a fault of the user's is one sentence on standard error and exit status 2."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        app()
    except VerticalsError as error:
        typer.echo(f"verticals: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        place = f" {error.filename!r}" if error.filename else ""
        typer.echo(
            f"verticals: The machine refused{place}: {error.strerror or error}; free space or choose another place.",
            err=True,
        )
        sys.exit(2)
