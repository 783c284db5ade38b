"""Tune, measure and use a credit model on a table of one's own; here the table is simulated first."""

from __future__ import annotations

import sys
from pathlib import Path

import verticals
from verticals.core.recipe import Recipe, with_settings
from verticals.finance import CreditRiskAssessor


def main(folder: Path, backbone: str = "minilm", rows: int = 400) -> str:
    """Write a table, tune on it, evaluate the run and assess one application."""
    task = verticals.load_task("finance.credit")
    assert task.simulate is not None
    table = folder / "applications.csv"
    task.simulate(rows, 0).to_csv(table, index=False)

    data = verticals.prepare("finance.credit", table, ignore=["applied"])
    recipe = with_settings(Recipe(), {"backbone": backbone, "epochs": 1})
    run = verticals.tune(data, recipe, out=folder / "credit", progress=False)
    report = verticals.evaluate(run, progress=False)
    print(report.headline, report.value, report.path)

    assessor = CreditRiskAssessor.load(run)
    applicant = data.test.iloc[0]
    return str(assessor.assess({field.name: applicant[field.name] for field in data.schema.fields}))


if __name__ == "__main__":
    print(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
