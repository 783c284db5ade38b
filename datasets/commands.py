"""The commands of `verticals data`: find public sets, and look at data before anything is tuned on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .catalogue_commands import get, list_sets, show

if TYPE_CHECKING:
    from .gate_result import GateResult

__all__ = ["app"]

app = typer.Typer(
    name="data",
    help="Look at data before anything is tuned on it; find and fetch public sets.",
    epilog="Start with `verticals data check applications.csv --task finance.credit --label BAD`.",
    no_args_is_help=True,
)

Names = Annotated[list[str] | None, typer.Option(help="Column; repeat it, or join several by commas.")]


def _names(given: list[str] | None) -> tuple[str, ...]:
    return tuple(name.strip() for one in given or () for name in one.split(",") if name.strip())


@app.callback()
def data() -> None:
    """Look at data before anything is tuned on it."""


app.command("list")(list_sets)
app.command()(show)
app.command()(get)


@app.command()
def check(
    file: Annotated[str, typer.Argument(help="Table (.csv .tsv .jsonl .parquet), or what a reader reads.")],
    test: Annotated[str | None, typer.Option(help="File with the test rows, looked at beside the data.")] = None,
    task: Annotated[
        str | None, typer.Option(help="The question, such as finance.credit; left out: any table with a --label.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="Column with the truth; by default the task's own.")] = None,
    positive: Annotated[str | None, typer.Option(help="Label that a yes/no task looks for.")] = None,
    reader: Annotated[str | None, typer.Option(help="Data adapter of the task for an outside format.")] = None,
    text: Names = None,
    number: Names = None,
    category: Names = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set-field", help="Column of `item=value; item=value` findings.")
    ] = None,
    time: Annotated[str | None, typer.Option(help="Column with the time.")] = None,
    group: Annotated[str | None, typer.Option(help="Column (patient, pupil, card) whose rows belong together.")] = None,
    ignore: Names = None,
    fields: Annotated[str | None, typer.Option(help="TOML file that says what the columns are.")] = None,
    json_: Annotated[str | None, typer.Option("--json", help="File for the findings with every row number.")] = None,
    html: Annotated[str | None, typer.Option(help="File for the findings as a page.")] = None,
    fix: Annotated[
        str | None, typer.Option(help="File for a cleaned copy; FIX.changes.csv lists what was taken out or changed.")
    ] = None,
    rejects: Annotated[
        str | None, typer.Option(help="File (.jsonl) for rows that cannot be read; otherwise the first is refused.")
    ] = None,
    accept: Annotated[
        list[str] | None, typer.Option(help="Key of a stop that you know of, such as --accept overlap; repeat it.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of samples and cross-validation.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file of --fix.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only the counts, no progress.")] = False,
) -> None:
    """Say what is wrong with data: values, copies, leaks, labels, personal data. Status 1: there is a stop.

    stop: a model tuned on this would deceive; warn: a person should look; note: worth knowing. Each with what to do.
    """
    from .clean import copy_paths
    from .gate import check_files
    from .source import check_outputs

    check_outputs([one for one in (json_, html, fix, rejects) if one is not None], [file, test])
    if fix is not None:
        copy_paths(file, fix, overwrite=overwrite)
    result = check_files(
        task,
        file,
        test,
        label=label,
        positive=positive,
        reader=reader,
        text=_names(text),
        number=_names(number),
        category=_names(category),
        set_=_names(set_),
        time=time,
        group=group,
        ignore=_names(ignore),
        fields=fields,
        accept=_names(accept),
        rejects=rejects,
        seed=seed,
        say=None if quiet else _Progress(),
    )
    _write(result, json_, html)
    typer.echo(result.counted() if quiet else result.text())
    if fix is not None:
        typer.echo(_fixed(result, file, fix, task, reader, overwrite=overwrite, rejecting=rejects is not None))
    if result.unaccepted:
        raise typer.Exit(1)


def _fixed(
    result: GateResult,
    file: str,
    out: str,
    task: str | None,
    reader: str | None,
    *,
    overwrite: bool,
    rejecting: bool,
) -> str:
    """Write the cleaned copy; a line of what was done."""
    from contextlib import nullcontext

    from ..core.registry import load_task
    from .clean import clean_file
    from .rejects import collecting
    from .source import read_records

    frame = None
    if reader is not None:
        with collecting() if rejecting else nullcontext():
            frame = read_records(load_task(str(task)), file, reader)
    made = clean_file(file, result.findings, out, frame=frame, overwrite=overwrite, rejecting=rejecting)
    said = ", ".join(f"{count:,} {what}" for what, count in sorted(made.done.items())) or "nothing to mend"
    return f"{made.path}: {made.rows:,} rows; {said} ({made.changes.name})"


class _Progress:
    """Names the check that is being made, on standard error, once the whole has taken three seconds."""

    def __init__(self) -> None:
        from time import monotonic

        self._clock = monotonic
        self._started = monotonic()

    def __call__(self, name: str) -> None:
        if self._clock() - self._started > 3:
            typer.echo(f"data check: {name.replace('_', ' ')}", err=True)


def _write(result: GateResult, as_json: str | None, as_html: str | None) -> None:
    """The findings as files, each complete or not at all."""
    from ..core.run import write_json

    if as_json is not None:
        write_json(Path(as_json), result.to_dict())
    if as_html is not None:
        from .gate_page import write_page

        write_page(result.to_dict(), Path(as_html))
