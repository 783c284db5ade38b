"""What the gate finds in public data sets, beside what is known to be wrong with them; and whether it keeps quiet.

    python benchmarks/gate.py                 # every set that is there
    python benchmarks/gate.py --case tal_cn

Writes `benchmarks/results/gate.json` and the table in `docs/gate.md`. Each known fault comes from the description that
was written when the set was gathered, never from the gate. A clean set is one in which nothing is known that should
keep anybody from tuning: there a stop is a false alarm. Where a set is cut by hand (a fault taken out, a random split),
the table says so.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import verticals
from verticals.datasets.finding import Finding
from verticals.datasets.gate import check_files
from verticals.datasets.gate_result import GateResult
from verticals.datasets.source import read_records

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
RESULTS = ROOT / "benchmarks" / "results" / "gate.json"
PAGE = ROOT / "docs" / "gate.md"
SEED = 0

Pair = tuple[Any, Any]


@dataclass(frozen=True)
class Known:
    """A fault that a set is known to have."""

    words: str
    checks: tuple[str, ...]
    """Keys of the findings that would be it."""
    count: int | None = None
    """Rows that it concerns, where the source says so."""
    field: str | None = None
    figure: str = ""
    """Key of the finding's figures that is compared with the count; empty: the finding's own count."""


@dataclass(frozen=True)
class Case:
    """A set, how it is checked, and what is known of it."""

    title: str
    rows: Callable[[], Pair]
    options: dict[str, Any]
    known: tuple[Known, ...] = ()
    may_stop: bool = False
    """A stop is right, because of what is known."""


def file(place: str, test: str | None = None) -> Callable[[], Pair]:
    """Files of a folder of the data."""
    return lambda: (DATA / place, None if test is None else DATA / test)


def halves(task: str, place: str, reader: str | None, *, group: str | None = None, drop: tuple[str, ...] = (),
           once: str | None = None) -> Callable[[], Pair]:  # fmt: skip
    """A random cut of one file into 70 % and 30 %, by group where one is named; `once` takes copies by a column out."""

    def rows() -> Pair:
        frame = read_records(verticals.load_task(task), DATA / place, reader).drop(columns=list(drop))
        if once is not None:
            plain = frame[once].str.lower().str.replace(r"[\W_]+", " ", regex=True).str.strip()
            frame = frame[~plain.duplicated()]
        draw = np.random.default_rng(SEED)
        unit = frame[group].astype(str) if group is not None else pd.Series(frame.index, index=frame.index)
        names = np.sort(unit.unique())
        held = unit.isin(draw.choice(names, int(0.3 * len(names)), replace=False))
        return frame[~held].reset_index(drop=True), frame[held].reset_index(drop=True)

    return rows


def tal(language: str, *, clean: bool = False) -> Callable[[], Pair]:
    """TAL-SCQ5K; clean: without the items of train that stand in the test, and without nearly equal ones."""

    def rows() -> Pair:
        task = verticals.load_task("education.tutoring")
        train, test = (
            read_records(task, DATA / "tal_scq5k" / f"{language}_single_choice_{part}.jsonl", "tal_scq5k")
            for part in ("train_3K", "test_2K")
        )
        if clean:
            stems = {plain(text) for text in test["question"]}
            train = train[[plain(text) not in stems for text in train["question"]]].reset_index(drop=True)
        return train, test

    return rows


def plain(text: str) -> str:
    """A question without case, marks and numbers."""
    return "".join(sign for sign in text.casefold() if sign.isalpha())


def handbook(*, clean: bool) -> Callable[[], Pair]:
    """The training week and the test week of the Fraud Handbook, with or without the column that tells the fraud."""

    def rows() -> Pair:
        folder = DATA / "fraud_handbook"
        train, test = (pd.read_csv(next(folder.glob(f"{part}_*.csv"))) for part in ("train", "test"))
        drop = ["TX_FRAUD_SCENARIO"] if clean else []
        return train.drop(columns=drop), test.drop(columns=drop)

    return rows


def cases() -> dict[str, Case]:
    """Every set; the key is what --case takes."""
    tutoring, feedback = {"task": "education.tutoring"}, {"task": "education.feedback"}
    medical, credit = {"task": "medical.diagnosis"}, {"task": "finance.credit"}
    fraud = {"task": "finance.fraud", "label": "TX_FRAUD", "positive": "1", "time": "TX_DATETIME",
             "ignore": ("CUSTOMER_ID", "TERMINAL_ID", "TRANSACTION_ID")}  # fmt: skip
    table: dict[str, Any] = {"task": None}
    zero = Known("172 rows with cholesterol 0, which means missing", ("disguised_missing",), 172, "Cholesterol")
    return {
        "tal_cn": Case(
            "TAL-SCQ5K, Chinese, official split", tal("ch"), tutoring,
            (Known("114 of 2,000 test items stand in train with the same stem and options", ("overlap",), 114),), True,
        ),
        "tal_cn_clean": Case("TAL-SCQ5K, Chinese, shared stems taken out of train", tal("ch", clean=True), tutoring),
        "tal_en": Case(
            "TAL-SCQ5K, English, official split", tal("en"), tutoring,
            (Known("15 of 2,000 test items stand in train with the same stem and options", ("overlap",), 15),), True,
        ),
        "tal_en_clean": Case("TAL-SCQ5K, English, shared stems taken out of train", tal("en", clean=True), tutoring),
        "bridge": Case(
            "Bridge, official split", file("bridge/train.json", "bridge/test.json"), {**tutoring, "reader": "bridge"},
            (Known("94 of 210 test conversations have the same history as one of train", ("overlap", "groups"), 94),),
            True,
        ),
        "bridge_clean": Case(
            "Bridge, train cut anew by conversation",
            halves("education.tutoring", "bridge/train.json", "bridge", group="conversation"), tutoring,
        ),
        "symptom2disease": Case(
            "Symptom2Disease", file("symptom2disease/Symptom2Disease.csv"), {**medical, "reader": "symptom2disease"},
            (Known("47 rows repeat another one but for case and marks", ("copies",), 47),),
        ),
        "symptom2disease_clean": Case(
            "Symptom2Disease, each text once, cut at random",
            halves("medical.diagnosis", "symptom2disease/Symptom2Disease.csv", "symptom2disease", once="note"), medical,
        ),
        "mz10": Case(
            "MZ-10, official split",
            file("dxformer_mz10/mz10_train_set.json", "dxformer_mz10/mz10_test_set.json"),
            {**medical, "reader": "symptom_inquiry"},
            (Known("37 of 811 test rows have a symptom set that stands in train", ("overlap",), 37, None,
                   "in_all_columns"),),
        ),
        "heart": Case(
            "Heart, 918 rows", file("heart_918/heart.csv"),
            {**table, "label": "HeartDisease", "positive": "1"}, (zero,),
        ),
        "handbook": Case(
            "Fraud Handbook, train and test week", handbook(clean=False), fraud,
            (Known("TX_FRAUD_SCENARIO says which fraud it was", ("giveaways", "late_columns"), None,
                   "TX_FRAUD_SCENARIO"),), True,
        ),
        "handbook_clean": Case("Fraud Handbook without that column", handbook(clean=True), fraud),
        "clintox": Case(
            "ClinTox", file("moleculenet/clintox.csv"), {**table, "label": "CT_TOX", "ignore": ("FDA_APPROVED",)},
            (Known("approved and toxic molecules are written in two styles of SMILES", ("writing",), None, "smiles"),),
            True,
        ),
        "bbbp": Case("BBBP", file("moleculenet/bbbp.csv"), {**table, "label": "p_np"}),
        "bace": Case(
            "BACE", file("moleculenet/bace.csv"), {**table, "label": "Class", "text": ("mol",)},
        ),
        "esol": Case(
            "ESOL", file("moleculenet/esol.csv"),
            {**table, "label": "logSolubility"},
            (Known("5 SMILES stand twice", ("copies", "conflicts"), 5),),
        ),
        "banking77": Case(
            "Banking77, official split", file("banking77/train.csv", "banking77/test.csv"),
            {**table, "label": "category", "text": ("text",)},
            (Known("25 texts stand in train and test", ("overlap",), 25),),
        ),
        "taiwan": Case(
            "Default in Taiwan, cut at random",
            halves("finance.credit", "taiwan_credit_default/UCI_Credit_Card.csv", "taiwan"), credit,
        ),
        "german": Case(
            "German credit, cut at random", halves("finance.credit", "german_credit/german.data", "statlog_german"), credit
        ),
        "mawps": Case(
            "MAWPS fold 0, train and dev",
            file("mawps/cv_mawps_fold0_train.csv", "mawps/cv_mawps_fold0_dev.csv"),
            {**table, "label": "Answer", "text": ("Question",), "ignore": ("Body", "Ques_Statement", "group_nums",
             "Numbers", "Equation")},
            (Known("109 of 384 dev questions have the same masked text as one of train", ("overlap",), 109),), True,
        ),
        "gsm8k": Case("GSM8K, official split", file("gsm8k/train.jsonl", "gsm8k/test.jsonl"),
                      {**tutoring, "reader": "gsm8k"}),
        "mathdial": Case(
            "MathDial test, cut by problem", halves("education.tutoring", "mathdial/test.jsonl", "mathdial", group="problem"),
            tutoring,
        ),
        "mrbench": Case(
            "MRBench V3 dev, cut by lesson",
            halves("education.feedback", "mrbench/mrbench_v3_devset.json", "mrbench", group="session"), feedback,
        ),
        "pubmedqa": Case(
            "PubMedQA, 1,000 labelled", file("pubmedqa/ori_pqal.json"), {**table, "label": "final_decision"},
            (Known("LONG_ANSWER is the conclusion that gives the label away", ("late_columns", "giveaways"), None,
                   "LONG_ANSWER"),), True,
        ),
        "pubmedqa_clean": Case(
            "PubMedQA, question and contexts only", file("pubmedqa/ori_pqal.json"),
            {**table, "label": "final_decision", "text": ("QUESTION", "CONTEXTS"),
             "ignore": ("LONG_ANSWER", "LABELS", "MESHES", "YEAR", "reasoning_required_pred", "reasoning_free_pred")},
        ),
        "sms": Case(
            "SMS smishing, cut at random, each text once",
            halves("medical.diagnosis", "sms_smishing_5971/Dataset_5971_repaired.csv", None, once="TEXT"),
            {**table, "label": "LABEL"},
        ),
    }  # fmt: skip


@dataclass
class Row:
    """A line of the table."""

    key: str
    title: str
    rows: int
    test_rows: int | None
    seconds: float
    found: list[dict[str, Any]] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)
    warns: list[str] = field(default_factory=list)
    false_stops: int = 0


def judged(case: Case, result: GateResult) -> Iterator[dict[str, Any]]:
    """Each known fault with what the gate says of it."""
    for one in case.known:
        hits = [f for f in result.findings if f.check in one.checks and one.field in (None, f.field)]
        best = min(hits, key=lambda f: abs((f.count or 0) - (one.count or 0)), default=None)
        yield {
            "known": one.words,
            "found": best is not None,
            "level": None if best is None else best.level,
            "check": None if best is None else best.check,
            "known_count": one.count,
            "count": None if best is None else counted(best, one),
            "message": None if best is None else best.message,
        }


def counted(found: Finding, known: Known) -> int:
    """The number that stands for the known one."""
    return int(found.figures.get(known.figure, found.count)) if known.figure else int(found.count)


def measured(key: str, case: Case) -> Row:
    """Check one set."""
    data, test = case.rows()
    started = time.perf_counter()
    result = check_files(case.options["task"], data, test, **{k: v for k, v in case.options.items() if k != "task"})
    row = Row(key, case.title, result.rows, result.test_rows, round(time.perf_counter() - started, 1))
    row.found = list(judged(case, result))
    row.stops = sorted({f.check for f in result.stops})
    row.warns = sorted({f.check for f in result.warns})
    right = {one["check"] for one in row.found if one["found"]} if case.may_stop else set()
    row.false_stops = len([one for one in result.stops if one.check not in right])
    return row


def page(rows: list[Row], said: str) -> str:
    """The table as Markdown."""
    lines = [
        "# What the gate finds in public data", "",
        "Known: what the description of the set says, written before the gate was. Found: what `verticals data check`",
        "says of it, with its level and the rows it counts. A stop in a set without a known reason is a false alarm.", "",
        "| set | rows | known fault | found | other stops (false alarms) | warnings | s |",
        "|---|---:|---|---|---|---|---:|",
    ]  # fmt: skip
    for row in rows:
        size = f"{row.rows:,}" + ("" if row.test_rows is None else f" + {row.test_rows:,}")
        known = "<br>".join(one["known"] for one in row.found) or "none"
        found = "<br>".join(
            "NOT FOUND"
            if not one["found"]
            else f"{one['level']} `{one['check']}`" + ("" if one["known_count"] is None else f", {one['count']:,} rows")
            for one in row.found
        )
        warns = ", ".join(f"`{one}`" for one in row.warns) or "none"
        false = str(row.false_stops) if row.false_stops else "none"
        lines.append(f"| {row.title} | {size} | {known} | {found or '–'} | {false} | {warns} | {row.seconds:g} |")
    known = [one for row in rows for one in row.found]
    lines += [
        "",
        f"{sum(one['found'] for one in known)} of {len(known)} known faults found; "
        f"{sum(row.false_stops for row in rows)} false stops in {len(rows)} checks. {said}",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Check the sets and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = cases()
    parser.add_argument("--case", action="append", choices=sorted(every), help="only this set; repeat it")
    chosen = parser.parse_args().case or list(every)
    rows = []
    for key in chosen:
        try:
            row = measured(key, every[key])
        except FileNotFoundError as error:
            print(f"{key}: skipped, {error.filename} is not here")
            continue
        rows.append(row)
        print(f"{key}: {row.seconds} s, stops {row.stops}, warns {row.warns}")
        for one in row.found:
            print("   ", "found" if one["found"] else "MISSED", one["known"], "->", one["check"], one["count"])
    if len(chosen) < len(every):
        return
    machine = f"{platform.processor() or platform.machine()}, Python {platform.python_version()}"
    today = datetime.now(UTC).date().isoformat()
    said = f"Made by `python benchmarks/gate.py`, seed {SEED}, {machine}, {today}."
    RESULTS.write_text(json.dumps({"date": today, "machine": machine, "seed": SEED,
                                   "rows": [vars(row) for row in rows]}, indent=1) + "\n")  # fmt: skip
    PAGE.write_text(page(rows, said))


if __name__ == "__main__":
    main()
