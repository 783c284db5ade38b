"""Figures: valid SVG, the right marks, nothing fetched, and two runs give the same bytes."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from verticals.evaluation.plots import KINDS, MOST_POINTS, draw

HOSTILE = 'a <b> & "c" $x$'
BIN = {"confidence": 0.2, "observed": 0.25, "interval": [0.2, 0.3], "count": 40}
DATA: dict[str, dict[str, Any]] = {
    "line": {
        "series": [
            {"name": HOSTILE, "x": [0, 0.5, 1], "y": [0, 0.8, 1], "low": [0, 0.7, 0.9], "high": [0.1, 0.9, 1]},
            {"name": "other", "x": [0, 1], "y": [None, 1]},
        ],
        "x_title": "x", "y_title": "y", "diagonal": True, "level": 0.5, "marked": {"x": 0.5, "y": 0.8, "name": "here"},
        "percent": "xy",
    },
    "reliability": {"bins": [BIN, BIN | {"confidence": 0.6, "observed": 0.5}], "x_title": "said", "y_title": "was"},
    "forest": {
        "rows": [
            {"name": HOSTILE, "value": 0.1, "interval": [0.05, 0.2]},
            {"name": "none", "value": None, "interval": [None, None]},
        ],
        "reference": 0, "left": "worse", "right": "better",
    },
    "bars": {"rows": [{"name": HOSTILE, "value": 0.3, "interval": [0.2, 0.4]}, {"name": "b", "value": 0.1}], "x_title": "x"},
    "histogram": {"edges": [0, 0.5, 1], "groups": [{"name": HOSTILE, "counts": [3, 1]}], "x_title": "risk"},
    "heat": {"rows": [HOSTILE, "b"], "columns": ["a", "b"], "counts": [[12, 3], [0, 7]], "row_title": "r", "column_title": "c"},
}  # fmt: skip


def figure(kind: str, **changed: Any) -> dict[str, Any]:
    return {"kind": kind, "title": f"Title of {kind} <&>", "caption": "What to see.", "data": DATA[kind] | changed}


def test_every_kind_is_tried() -> None:
    assert set(DATA) == set(KINDS)
    with pytest.raises(ValueError, match="no figure of the kind 'pie'; there are line"):
        draw({"kind": "pie", "data": {}, "title": "", "caption": ""})


@pytest.mark.parametrize("kind", KINDS)
def test_valid_described_and_self_contained(kind: str) -> None:
    svg = draw(figure(kind))
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    named = {node.get("id"): node.text for node in root.iter() if node.get("id")}
    title, description = (root.get("aria-labelledby") or "").split()
    assert (named[title], named[description]) == (f"Title of {kind} <&>", "What to see.")
    assert "url(" not in svg
    assert "DejaVu" not in svg
    assert set(re.findall(r'href="(.)', svg)) <= {"#"}
    assert not re.search(r"#0[0-9a-f]0[0-9a-f]0[0-9a-f]", svg)  # every placeholder became a colour of the page
    assert len(svg) < 25_000
    assert svg == draw(figure(kind))


def test_two_figures_of_one_page_share_no_name() -> None:
    names = [re.findall(r'\bid="([^"]+)"', draw(figure(kind))) for kind in ("line", "reliability")]
    assert not set(names[0]) & set(names[1])


def test_the_words_of_a_heat_map_are_its_counts() -> None:
    words = [node.text for node in ElementTree.fromstring(draw(figure("heat"))).iter() if node.tag.endswith("text")]
    assert [word for word in words if word in ("12", "3", "0", "7")] == ["12", "3", "7"]  # no rows, not on the diagonal
    assert any("a <b>" in (word or "") for word in words)


def test_long_series_are_thinned_and_keep_their_ends() -> None:
    x = [i / 5000 for i in range(5001)]
    svg = draw(figure("line", series=[{"name": "a", "x": x, "y": [v * v for v in x]}], marked=None))
    path = max(re.findall(r' d="([^"]+)"', svg), key=lambda d: d.count("L"))
    assert 20 < path.count("L") < MOST_POINTS
    flat = draw(figure("line", series=[{"name": "a", "x": [0, 1], "y": [0, 1]}], marked=None))
    ends = re.findall(r"M ([\d.]+ [\d.]+) L ([\d.]+ [\d.]+)", flat)
    assert any(path.startswith(f"M {first}") and path.strip().endswith(last) for first, last in ends)


def test_words_in_other_scripts_are_no_fault() -> None:
    assert "小儿腹泻" in draw(figure("bars", rows=[{"name": "小儿腹泻", "value": 0.4}]))


def words_of(svg: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("text")]


def test_words_keep_their_decimals() -> None:
    svg = draw(
        figure("bars", rows=[{"name": "1.23456 mg", "value": 0.02}], percent=False) | {"caption": "It is 0.12345."}
    )
    assert {"0.005", "0.015", "1.23456 mg"} <= set(words_of(svg))
    assert "It is 0.12345." in svg


def test_an_axis_of_shares_ends_at_one() -> None:
    curve = {"name": "a", "x": [0, 0.1, 1], "y": [0, 0.7, 1]}
    words = words_of(draw(figure("line", series=[curve], level=None, marked=None)))
    assert "100 %" in words
    assert "−20 %" not in words
    below = words_of(draw(figure("line", series=[curve | {"y": [-0.5, 0.2, 1]}], level=None, marked=None)))
    assert "−40 %" in below  # what lies beyond is still shown


def test_a_forest_says_in_shape_what_it_says_in_colour() -> None:
    def mark(low: float, high: float) -> tuple[str, bool]:
        """Shape of the mark at the value, and whether it is filled."""
        row = {"name": "a", "value": (low + high) / 2, "interval": [low, high]}
        svg = draw(figure("forest", rows=[row]))
        shape = re.findall(r'<defs> <path [^>]*d="([^"]+)"', svg)[-1]
        fill = re.findall(r'<use [^>]*style="fill: ([^;"]+)', svg)[-1]
        return "circle" if "C" in shape else "diamond" if " 0 " in shape else "square", fill != "var(--paper)"

    found = [mark(*ends) for ends in ((0.1, 0.2), (-0.2, -0.1), (-0.1, 0.1))]
    assert found == [("square", True), ("diamond", False), ("circle", False)]
    words = words_of(draw(figure("forest", left="the baseline is better", right="the tuned model is better")))
    assert {"← the baseline is better", "the tuned model is better →"} <= set(words)


def test_small_figures_are_equally_wide_and_large_ones_say_so() -> None:
    widths = {kind: float((re.search(r'viewBox="0 0 ([\d.]+)', draw(figure(kind))) or ["", "0"])[1]) for kind in KINDS}
    assert len(set(widths.values())) == 1
    names = [str(i) for i in range(20)]
    large = draw(figure("heat", rows=names, columns=names, counts=[[1] * 20] * 20))
    assert 'class="wide"' in large
    assert "min-width" in large
    assert len(large) < 120_000


def test_groups_given_as_shares_are_not_counted_as_rows() -> None:
    words = words_of(
        draw(figure("histogram", groups=[{"name": "a", "counts": [0.25, 0.75]}, {"name": "b", "counts": [0, 0]}]))
    )
    assert "a" in words
    assert "b (0 rows)" in words


def test_a_curve_of_a_million_rows_stays_small() -> None:
    x = [i / 1_000_000 for i in range(0, 1_000_001, 50)]
    band = {"name": "a", "x": x, "y": x, "low": [v - 0.1 for v in x], "high": [v + 0.1 for v in x]}
    assert len(draw(figure("line", series=[band, band | {"name": "b"}]))) < 30_000
