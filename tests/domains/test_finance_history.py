"""History features: hand-made logs, and the Handbook's own columns recomputed from its raw transactions."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from verticals.core.errors import DataError
from verticals.core.task import Scored
from verticals.domains.finance.history import HISTORY_FIELDS, add_history, card_windows, drop_known_cards
from verticals.domains.finance.tasks import FRAUD

HANDBOOK = Path(__file__).parents[2].parent / "shared" / "data" / "fraud_handbook"
needs_handbook = pytest.mark.skipif(not HANDBOOK.is_dir(), reason="the Handbook's files are not on this machine")


def log(rows: list[tuple[str, str, str, float, str]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["time", "card", "terminal", "amount", "outcome"])
    frame["time"] = pd.to_datetime(frame["time"])
    return frame


def test_card_window_is_open_on_the_left_and_holds_the_row_itself() -> None:
    frame = add_history(
        log(
            [
                ("2025-01-01 12:00:00", "a", "x", 10.0, "genuine"),
                ("2025-01-02 12:00:00", "a", "x", 30.0, "genuine"),  # exactly one day later: the first is outside
                ("2025-01-02 11:59:59", "a", "x", 20.0, "genuine"),  # not in order of time: the first is inside
                ("2025-01-02 12:00:00", "b", "x", 99.0, "genuine"),
            ]
        )
    )
    assert frame["card_count_1d"].tolist() == [1, 2, 2, 1]
    assert frame["card_mean_1d"].tolist() == [10, 25, 15, 99]
    assert frame["card_count_7d"].tolist() == [1, 3, 2, 1]
    assert frame["card_mean_7d"].tolist() == [10, 20, 15, 99]


def test_terminal_risk_knows_a_fraud_only_after_seven_days() -> None:
    rows = [
        ("2025-01-01 12:00:00", "a", "x", 1.0, "fraud"),
        ("2025-01-01 13:00:00", "b", "x", 1.0, "genuine"),
        ("2025-01-08 11:59:59", "c", "x", 1.0, "genuine"),  # a second too early
        ("2025-01-08 12:00:00", "d", "x", 1.0, "genuine"),  # the fraud is known, the next row not yet
        ("2025-01-08 14:00:00", "e", "x", 1.0, "genuine"),  # both are known
        ("2025-01-08 14:00:00", "e", "y", 1.0, "genuine"),  # another terminal
        ("2025-01-09 12:30:00", "f", "x", 1.0, "genuine"),  # the day before the delay holds the second row only
    ]
    frame = add_history(log(rows), fraud="outcome")
    assert frame["terminal_count_1d"].tolist() == [0, 0, 0, 1, 2, 0, 1]
    assert frame["terminal_risk_1d"].tolist() == [0, 0, 0, 1.0, 0.5, 0, 0]
    assert frame["terminal_risk_7d"].tolist() == [0, 0, 0, 1.0, 0.5, 0, 0.5]


def test_weekend_and_night() -> None:
    times = ["2025-01-03 23:59:59", "2025-01-04 00:00:00", "2025-01-05 06:59:59", "2025-01-06 07:00:00"]
    frame = add_history(log([(t, "a", "x", 1.0, "genuine") for t in times]))
    assert frame["weekend"].tolist() == ["no", "yes", "yes", "no"]
    assert frame["night"].tolist() == ["no", "yes", "yes", "no"]


def test_unknown_cards_share_no_history_and_unknown_amounts_no_average() -> None:
    rows = [("2025-01-01 12:00", "a", "x", 1.0, "genuine")] * 3
    frame = log(rows)
    frame.loc[:1, "card"] = None
    frame.loc[2, "amount"] = np.nan
    out = add_history(frame)
    assert out["card_count_1d"].tolist() == [1, 1, 0]
    assert out["card_mean_1d"].isna().tolist() == [False, False, True]


def test_order_and_index_of_the_rows_stay() -> None:
    rng = np.random.default_rng(0)
    frame = log([(f"2025-01-{d:02d} 10:00", f"c{d % 3}", "x", float(d), "genuine") for d in range(1, 29)])
    whole = add_history(frame, fraud="outcome")
    mixed = add_history(frame.sample(frac=1, random_state=int(rng.integers(9))), fraud="outcome")
    assert not mixed.index.equals(whole.index)
    pd.testing.assert_frame_equal(mixed.sort_index(), whole)


def test_agrees_with_pandas_rolling_windows() -> None:
    rng = np.random.default_rng(1)
    micros = np.sort(rng.choice(10**9, 400, replace=False)).astype(np.int64) * 3600
    card, amount = rng.integers(0, 7, 400), rng.random(400)
    count, mean = card_windows(card, micros, amount, 7)
    frame = pd.DataFrame({"card": card, "amount": amount}, index=pd.to_datetime(micros, unit="us"))
    for one, part in frame.groupby("card"):
        window = part["amount"].rolling("7D")
        np.testing.assert_allclose(count[card == one], window.count())
        np.testing.assert_allclose(mean[card == one], window.mean(), atol=1e-6)


def test_faults_are_sentences() -> None:
    with pytest.raises(DataError, match="no column card"):
        add_history(pd.DataFrame({"time": [], "terminal": [], "amount": []}))
    with pytest.raises(DataError, match="1 transactions have no time"):
        add_history(log([("2025-01-01", "a", "x", 1.0, "genuine")]).assign(time=pd.NaT))


def test_a_hundred_thousand_rows_take_no_loop() -> None:
    rng = np.random.default_rng(0)
    n = 100_000
    frame = pd.DataFrame(
        {
            "time": pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 10**7, n), unit="s"),
            "card": rng.integers(0, 3000, n),
            "terminal": rng.integers(0, 5000, n),
            "amount": rng.random(n),
            "outcome": np.where(rng.random(n) < 0.01, "fraud", "genuine"),
        }
    )
    begin = time.perf_counter()
    add_history(frame, fraud="outcome")
    assert time.perf_counter() - begin < 6  # a million in under a minute


def _handbook(name: str) -> pd.DataFrame:
    names = {"TX_DATETIME": "time", "CUSTOMER_ID": "card", "TERMINAL_ID": "terminal", "TX_AMOUNT": "amount"}
    frame = pd.read_csv(next(HANDBOOK.glob(name))).rename(columns=names | {"TX_FRAUD": "outcome"})
    return frame.assign(time=pd.to_datetime(frame["time"]))


@needs_handbook
def test_the_train_week_of_the_handbook_is_recomputed_from_its_history() -> None:
    past, week = _handbook("history_*"), _handbook("train_*")
    raw = pd.concat([past, week[past.columns]], ignore_index=True)
    ours = add_history(raw, fraud="outcome", positive=1).tail(len(week)).reset_index(drop=True)
    theirs = {"weekend": "TX_DURING_WEEKEND", "night": "TX_DURING_NIGHT"}
    for days in (1, 7, 30):
        theirs |= {
            f"card_count_{days}d": f"CUSTOMER_ID_NB_TX_{days}DAY_WINDOW",
            f"card_mean_{days}d": f"CUSTOMER_ID_AVG_AMOUNT_{days}DAY_WINDOW",
            f"terminal_count_{days}d": f"TERMINAL_ID_NB_TX_{days}DAY_WINDOW",
            f"terminal_risk_{days}d": f"TERMINAL_ID_RISK_{days}DAY_WINDOW",
        }
    assert set(theirs) == set(HISTORY_FIELDS)
    assert len(week) == 67_240
    for name, column in theirs.items():
        values = (ours[name] == "yes").astype(float) if name in ("weekend", "night") else ours[name]
        agree = np.isclose(values, week[column], rtol=1e-5, atol=1e-6)  # the files hold 6 significant digits
        assert agree.mean() == 1.0, f"{name}: {agree.mean():.6f} of the rows agree"


@needs_handbook
def test_published_numbers_of_the_handbook_come_out() -> None:
    train = _handbook("train_*")
    test = drop_known_cards(_handbook("test_*"), pd.concat([train, _handbook("delay_*")]), positive=1)
    truth = test["outcome"].to_numpy()
    assert (len(test), int(truth.sum())) == (58_264, 385)
    inputs = ["amount", *(c for c in train.columns if c.startswith("TX_DURING") or c.endswith("_WINDOW"))]
    assert len(inputs) == 15
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(train[inputs], train["outcome"])
    scores = model.predict_proba(test[inputs])
    scored = Scored(truth, scores, ("genuine", "fraud"), test, positive=1)
    value = {metric.name: metric.function(scored) for metric in FRAUD.metrics}
    # Logistic regression in the first baseline of the Handbook: AUC 0.871, average precision 0.606, card precision at 100 0.291
    assert value["auroc"] == pytest.approx(0.871, abs=0.001)
    assert value["average_precision"] == pytest.approx(0.606, abs=0.001)
    assert value["card_precision_100"] == pytest.approx(0.291, abs=0.001)


def test_a_card_is_known_after_the_delay() -> None:
    past = log([("2025-01-01 12:00", "a", "x", 1.0, "fraud"), ("2025-01-02 12:00", "b", "x", 1.0, "fraud")])
    rows = log([("2025-01-09 00:30", card, "x", 1.0, "genuine") for card in "abc"])
    assert drop_known_cards(rows, past)["card"].tolist() == ["b", "c"]
