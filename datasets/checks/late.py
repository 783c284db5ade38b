"""Columns that are known only after the decision: told by their names and their strength, or by their dates.

    recoveries   0  0  310.5  0      money got back after a default: tells the default apart, and is known much too late

A name alone is a hint and no proof, so a name raises a warning only where the column also tells the label apart beyond
noise; and a column that the task itself declares as a field is its author's business.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from ...core.task import Field
from ..finding import Finding, Material, row_name
from ..values import as_times
from .columns import FEW_CLASSES, Truth, item_codes, truth_of
from .features import (
    FEWEST,
    auroc_error,
    category_codes,
    held_out_rates,
    macro_auroc,
    number_codes,
)
from .writing import text_area

__all__ = ["check_late_columns", "late_words"]

SURE = (
    # finance
    "chargeback", "charged off", "charge off", "write off", "writeoff", "recovery", "recoveries", "recovered",
    "collection fee", "collections", "collected after", "refund", "refunded", "dispute", "disputed", "repaid",
    "settlement", "settled", "last payment", "last pymnt", "next payment", "next pymnt", "total payment", "total pymnt",
    "total rec", "out prncp", "days past due", "hardship", "loss given default", "scenario", "fraud type", "fraud reason",
    "investigation", "case closed", "closed date", "termination", "churn date",
    # medicine
    "outcome", "discharge", "discharged", "death", "died", "deceased", "mortality", "autopsy", "survival", "readmission",
    "readmitted", "follow up", "followup", "final diagnosis", "discharge diagnosis", "confirmed", "complication",
    "complications", "length of stay", "approved", "approval",
    # education
    "final grade", "final score", "final exam", "final mark", "exam result", "passed", "graduated", "dropout date",
    "long answer", "gold answer", "reference answer", "correct answer", "answer key", "solution", "conclusion",
    # anywhere
    "ground truth", "truth", "target", "label", "labels", "annotation", "annotator", "verdict", "resolution", "resolved",
    "prediction", "predicted", "predicted probability", "true probability", "model score", "post event",
    # Chinese
    "结局", "转归", "预后", "出院", "死亡", "存活", "随访", "并发症", "确诊", "最终诊断", "出院诊断", "住院天数", "尸检",
    "还款日", "回收", "催收", "核销", "拒付", "退款", "结清", "结案", "欺诈类型", "调查结果", "最终成绩", "期末成绩",
    "标准答案", "解析", "标签", "真值", "预测",
)  # fmt: skip
"""Names that are hardly ever known at the time of the decision."""
UNSURE = (
    "result", "results", "status", "final", "grade", "score", "mark", "treatment", "therapy", "prescribed",
    "prescription", "medication", "procedure", "decision", "decided", "rejected", "diagnosis", "icd", "los", "answer",
    "explanation", "feedback", "reason", "review", "reviewed", "paid", "end", "ended", "closing", "after", "post", "flag",
    "alert", "blocked", "late fee", "collection", "诊断", "治疗", "用药", "处方", "手术", "结果", "状态", "成绩", "得分", "评分",
    "判定", "审批", "答案", "反馈", "原因", "之后",
)  # fmt: skip
"""Names that may be known before or after."""
STRONG_SURE, STRONG_UNSURE = 0.6, 0.85
"""Held-out mean area from which a name of either list is a warning."""
LATER = 0.05
"""Share of rows whose date lies after the time of the record."""


def late_words(name: str) -> tuple[str, bool] | None:
    """The words of a column's name that speak of what comes after a decision, and whether they are sure.

    >>> late_words("dischargeDate"), late_words("loan_status"), late_words("age")
    (('discharge', True), ('status', False), None)
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|[\W_\d]+", " ", name).casefold()
    plain = f" {' '.join(spaced.split())} "
    for words, sure in ((SURE, True), (UNSURE, False)):
        for one in sorted(words, key=len, reverse=True):
            if (f" {one} " in plain) if one.isascii() else (one in plain):
                return one, sure
    return None


def check_late_columns(material: Material) -> list[Finding]:
    """Columns that the model reads and whose name says that they are written down after the decision, and later dates.

    Warn: a sure name with a held-out mean area of at least 0.6 beyond three standard errors, a doubtful name from 0.85,
    and a date that lies after the time of the record. Note: a sure name that says little of the label.
    """
    findings = _later_dates(material)
    known = {one.name for one in material.task.fields}
    named = [(one, late_words(one.name)) for one in material.schema.fields if one.name not in known]
    suspected = [(one, words) for one, words in named if words is not None]
    truth = truth_of(material, 30_000, 4_000) if suspected else None
    if truth is None or truth.k > 5 * FEW_CLASSES:
        return findings
    size = np.bincount(truth.y, minlength=truth.k)
    rare = int(np.median(size[size >= FEWEST])) if truth.k > 2 else int(size.min())
    for one, (words, sure) in suspected:
        area = _area(one, truth, material)
        beyond = area - 3 * auroc_error(max(area, 0.5), rare, len(truth.y) - rare) > 0.5
        if sure or (beyond and area >= STRONG_UNSURE):
            findings.append(_late(one, words, area, beyond and area >= STRONG_SURE, truth, material))
    return findings


def _area(one: Field, truth: Truth, material: Material) -> float:
    """Held-out mean area of one field alone."""
    column = truth.rows[one.name]
    if one.kind == "text":
        return text_area(truth, one, material)
    if one.kind == "set":
        every = [*item_codes(column).values(), np.zeros(len(column), np.int64)]
    else:
        every = [number_codes(column) if one.kind == "number" else category_codes(column)]
    return max(macro_auroc(held_out_rates(codes, truth.y, truth.k, truth.fold), truth.y) for codes in every)


def _late(one: Field, words: str, area: float, strong: bool, truth: Truth, material: Material) -> Finding:
    told = (
        f"tells {material.schema.label!r} apart (held-out mean area {area:.3f})"
        if strong
        else f"says little of {material.schema.label!r} (held-out mean area {area:.3f})"
    )
    return Finding(
        "late_columns",
        "warn" if strong else "note",
        f"The name of {one.name!r} speaks of what is known only after the decision ({words!r}), and the column {told}.",
        f"Find out when {one.name!r} is written down; leave it out with --ignore {one.name} if that is after the "
        "decision.",
        count=int(truth.rows[one.name].notna().sum()),
        total=len(truth.rows),
        field=one.name,
        figures={"area": round(area, 4), "word": words},
    )


def _later_dates(material: Material) -> list[Finding]:
    """Other columns of dates that lie after the time of their record."""
    schema = material.schema
    if schema.time is None or schema.time not in material.rows:
        return []
    rows = material.sample(material.rows, 30_000, 3_000)
    decided = rows[schema.time]
    declared = {one.name for one in material.task.fields}
    findings = []
    for name in schema.kept:
        if name in (schema.time, schema.group) or name in declared or name not in material.raw:
            continue
        column = material.raw.loc[rows.index, name]
        if pd.api.types.is_numeric_dtype(column):
            continue  # numbers may be anything
        times, way = as_times(column)
        both = times.notna() & decided.notna()
        if way == "ambiguous" or both.sum() < max(FEWEST, 0.1 * len(rows)):
            continue
        later = both & (times > decided)
        if later.sum() <= LATER * both.sum():
            continue
        first = later.index[int(later.to_numpy().argmax())]
        findings.append(
            Finding(
                "late_columns",
                "warn",
                f"{int(later.sum()):,} of {int(both.sum()):,} dates in {name!r} lie after the time of their record in "
                f"{schema.time!r}, first {times.loc[first]} after {decided.loc[first]} in {row_name(first)}.",
                f"Nothing that is made from {name!r} is known at the time of the decision; keep it and all columns "
                "written at that time away from the model.",
                count=int(later.sum()),
                total=int(both.sum()),
                field=name,
            )
        )
    return findings
