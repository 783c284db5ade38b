"""Do the intervals of a report hold what they promise? Simulated rows with known truth, many times over.

    python benchmarks/intervals.py            # 500 repetitions, about 10 minutes on one core
    python benchmarks/intervals.py --repeats 100

Writes `benchmarks/results/intervals.json` and `docs/intervals.md`. A 95 % interval should hold the truth in 93 to 97 % of the
repetitions, a paired test should find a difference that is not there in at most 6 %, and 90 % sets should hold the truth in a
share within the binomial bound of their repetitions. The truth is the figure on two million rows.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from verticals.core.calibration import conformal_quantile
from verticals.core.task import Metric, Scored
from verticals.evaluation.delong import auroc_interval, paired_areas
from verticals.evaluation.intervals import Interval, Resamples, interval, paired_difference
from verticals.evaluation.metrics import standard as S

ROOT = Path(__file__).resolve().parents[1]
RESULTS, PAGE = ROOT / "benchmarks" / "results" / "intervals.json", ROOT / "docs" / "intervals.md"
ROWS, LARGE, SEED = 1000, 2_000_000, 0
Floats = NDArray[np.float64]


def expit(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))


def world(n: int, random: np.random.Generator) -> tuple[NDArray[np.bool_], Floats, Floats, Floats, Floats]:
    """Outcomes; a calibrated risk from half of what there is to know; another as good; a better but over-confident one; one
    that is so a little."""
    one, two, three = random.normal(size=(3, n))
    y = random.random(n) < expit(one + two + 0.5 * three - 1.0)

    def calibrated(seen: Floats, hidden: float) -> Floats:  # the logistic curve smoothed by what is not seen
        return expit((seen - 1.0) / np.sqrt(1 + hidden * np.pi / 8))

    both = one + two - 1.0
    return y, calibrated(one, 1.25), calibrated(two, 1.25), expit(1.6 * both), expit(1.15 * both)


def scored(y: NDArray[np.bool_], risk: Floats) -> Scored:
    frame = pd.DataFrame(index=range(len(y)))
    return Scored(y.astype(np.int64), np.column_stack([1 - risk, risk]), ("no", "yes"), frame, 1)


def truths(random: np.random.Generator) -> dict[str, float]:
    """Figures on so many rows that they count as known."""
    y, *risks = world(LARGE, random)
    a, b, c, d = (scored(y, risk) for risk in risks)
    return {
        "auroc": S.AUROC.function(a), "ap": S.AVERAGE_PRECISION.function(a), "brier": S.BRIER.function(a),
        "none": S.AUROC.function(a) - S.AUROC.function(b), "gain": S.AUROC.function(c) - S.AUROC.function(a),
        "ece": S.ECE.function(a) - S.ECE.function(c), "slight": S.ECE.function(a) - S.ECE.function(d),
    }  # fmt: skip


def differ(metric: Metric, a: Scored, b: Scored, draws: Resamples) -> Interval:
    return paired_difference(metric, a, b, draws)


CASES: dict[str, tuple[str, str, Callable[[Scored, Scored, Scored, Scored, Resamples], Interval]]] = {
    "AUROC, DeLong": ("auroc", "holds", lambda a, b, c, d, r: auroc_interval(a.positives, a.risk)),
    "AUROC, bootstrap": ("auroc", "holds", lambda a, b, c, d, r: interval(S.AUROC, a, r)),
    "Average precision, bootstrap": ("ap", "holds", lambda a, b, c, d, r: interval(S.AVERAGE_PRECISION, a, r)),
    "Brier score, bootstrap": ("brier", "holds", lambda a, b, c, d, r: interval(S.BRIER, a, r)),
    "AUROC of two models, DeLong": ("gain", "holds", lambda a, b, c, d, r: paired_areas(a.positives, c.risk, a.risk).difference),
    "AUROC of two models, paired bootstrap": ("gain", "holds", lambda a, b, c, d, r: differ(S.AUROC, c, a, r)),
    "Calibration error of two models, cross-fitted, paired bootstrap": ("ece", "holds", lambda a, b, c, d, r: differ(S.ECE, c, a, r)),
    "The same, where the error is small": ("slight", "holds", lambda a, b, c, d, r: differ(S.ECE, d, a, r)),
    "Test of two equal models, DeLong": ("none", "alarm", lambda a, b, c, d, r: paired_areas(a.positives, a.risk, b.risk).difference),
    "Test of two equal models, paired bootstrap": ("none", "alarm", lambda a, b, c, d, r: differ(S.AUROC, a, b, r)),
}  # fmt: skip


def conformal(repeats: int, random: np.random.Generator) -> dict[str, Any]:
    """Coverage of 90 % sets of four labels, calibrated on 300 rows and tried on 1,000, over the repetitions."""
    shares = []
    for _ in range(repeats):
        chance = random.dirichlet([1.0, 1.0, 0.6, 0.4], 1300)
        told = chance**1.5 / (chance**1.5).sum(1, keepdims=True)  # not calibrated: the promise must hold all the same
        y = (chance.cumsum(1) < random.random((1300, 1))).sum(1)
        bound = conformal_quantile(1 - told[np.arange(300), y[:300]], 0.1)
        shares.append(float((1 - told[np.arange(300, 1300), y[300:]] <= bound).mean()))
    mean, spread = float(np.mean(shares)), float(np.std(shares) / np.sqrt(repeats))
    return {
        "name": "Conformal sets at 90 %",
        "repeats": repeats,
        "share": mean,
        "aim": [0.9 - 2 * spread, 0.9 + 2 * spread + 1 / 301],
    }


def main() -> None:
    """Repeat, count, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=500)
    repeats = parser.parse_args().repeats
    known = truths(np.random.default_rng(SEED))
    hits, seen = dict.fromkeys(CASES, 0), dict.fromkeys(CASES, 0)
    for number in range(repeats):
        y, *risks = world(ROWS, np.random.default_rng((SEED, 1, number)))
        models, draws = [scored(y, risk) for risk in risks], Resamples(ROWS, seed=number)
        for name, (truth, _, made) in CASES.items():
            found = made(*models, draws)
            seen[name] += 1
            hits[name] += found.low <= (0.0 if truth == "none" else known[truth]) <= found.high
        if (number + 1) % 50 == 0:
            print(number + 1, {name: round(hits[name] / seen[name], 3) for name in CASES}, flush=True)
    rows = []
    for name, (_, kind, _) in CASES.items():
        share = hits[name] / seen[name]
        alarm = kind == "alarm"
        rows.append(
            {
                "name": name,
                "repeats": repeats,
                "share": 1 - share if alarm else share,
                "aim": [0.0, 0.06] if alarm else [0.93, 0.97],
            }
        )
    rows.append(conformal(min(repeats, 200), np.random.default_rng((SEED, 2))))
    for row in rows:
        row["met"] = row["aim"][0] <= row["share"] <= row["aim"][1]
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    kept = {
        "date": date.today().isoformat(),
        "machine": machine,
        "seed": SEED,
        "rows": ROWS,
        "truth": known,
        "results": rows,
    }
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n")
    lines = [
        "# Do the intervals hold what they promise?", "",
        f"{ROWS:,} simulated rows with known truth, drawn anew in each repetition. Made by `python benchmarks/intervals.py`, seed {SEED}, "
        f"{machine}, {kept['date']}.", "",
        "| interval or test | repetitions | holds the truth, or rings without cause | aim | met |", "|---|---:|---:|---|---|",
        *(
            f"| {r['name']} | {r['repeats']} | {100 * r['share']:.1f} % | {100 * r['aim'][0]:.1f} to {100 * r['aim'][1]:.1f} % | "
            f"{'yes' if r['met'] else 'NO'} |"
            for r in rows
        ),
    ]  # fmt: skip
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines[4:]))


if __name__ == "__main__":
    main()
