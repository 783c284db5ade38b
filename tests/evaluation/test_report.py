"""The report's files: complete, self-contained, safe against what stands in the data, and readable by machines."""

from __future__ import annotations

import ast
import json
import math
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from verticals.core.errors import DataError
from verticals.core.pages import Alarm, Column, Figure, Section, Table, as_data
from verticals.evaluation import faults
from verticals.evaluation.evaluate import Measured, facts_of, scored_rows
from verticals.evaluation.faults import looked_for
from verticals.evaluation.index import summary_of, write_index
from verticals.evaluation.report import Report, plain
from verticals.evaluation.words import number, percent, summary

from .conftest import HOSTILE, StandIn, binary_rows, binary_schema, binary_task, prepare


@pytest.fixture(scope="module")
def report() -> Report:
    task, schema = binary_task(), binary_schema()
    data = prepare(task, schema, binary_rows)
    said = StandIn(task, schema).predict(data.test)
    measured = Measured(scored_rows(task, schema, data.test, said), said, 1.0)  # type: ignore[arg-type]
    facts = facts_of(task, schema, measured, data, with_baselines=False)
    facts["baselines"] = [
        {
            "name": name,
            "value": 0.8,
            "difference": d,
            "interval": [d - 0.05, d + 0.05],
            "verdict": f"{word} {name}",
            "rows": 300,
            "note": HOSTILE,
        }
        for name, d, word in (
            ("majority", 0.3, "beats"),
            (HOSTILE, 0.01, "does not beat"),
            ("forest", -0.1, "is behind"),
        )
    ]
    facts |= {
        "simulated": True,
        "tuned_on_simulated": True,
        "measured_on": "the test rows",
        "provenance": [{"name": "Run", "value": HOSTILE}],
    }
    section = Section(
        "trial",
        f"A question {HOSTILE}",
        (
            f"Words {HOSTILE}.",
            Table(
                "all",
                (
                    Column("a", "A"),
                    Column("n", "N", "count"),
                    Column("s", "Share", "percent"),
                    Column("r", "R", "range"),
                ),
                [
                    {"a": HOSTILE, "n": 1200, "s": 0.5, "r": (0.1, 0.2)},
                    {"a": "b", "n": None, "s": float("nan"), "r": None},
                ],
                title=f"Table {HOSTILE}",
                note="A note.",
                folded=True,
            ),
            Figure("bars", "bars", "Bars", {"rows": [{"name": HOSTILE, "value": 0.3}], "x_title": "x"}, "A caption."),
        ),
        {"figure_of_mine": 0.25},
        (Alarm("overconfident", f"It promises too much {HOSTILE}.", "stop"),),
    )
    facts["sections"] = [as_data(section)]
    facts["alarms"] = [as_data(section)["alarms"][0] | {"section": "trial"}]
    return Report(facts | {"summary": summary(facts)})


class Reader(HTMLParser):
    """Collects tags and whatever could fetch something."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.open: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)
        found = dict(attrs)
        self.fetched += [str(found[k]) for k in ("src", "href", "action", "xlink:href") if k in found]
        if tag == "th" and found.get("scope") not in ("row", "col"):
            self.faults.append("th without scope")
        if tag == "svg" and found.get("role") != "img":
            self.faults.append("svg without role")
        self.faults += [k for k in found if k.startswith("on")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> out of place")


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


def test_the_page_fetches_nothing_and_is_well_formed(report: Report) -> None:
    html = report.html()
    page = read(html)
    assert page.faults == []
    assert page.open == []
    assert all(target.startswith("#") for target in page.fetched)
    assert "url(" not in html
    assert "@import" not in html
    assert "default-src 'none'" in html
    assert '<html lang="en">' in html
    assert page.tags.count("script") == 1
    assert page.tags.count("h1") == 1
    assert page.tags.count("svg") == 2  # the baselines and the figure of the section


def test_the_policy_allows_just_the_script_that_is_there(report: Report) -> None:
    import base64
    import hashlib

    html = report.html()
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    said = re.search(r"'sha256-([^']+)'", html)
    assert script is not None
    assert said is not None
    assert base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode() == said[1]


def test_what_stands_in_the_data_is_shown_and_never_run(report: Report) -> None:
    html = report.html()
    assert html.count("alert(") >= 4  # group, box, baseline, provenance
    assert '<script>alert("x")' not in html
    assert "<b>" not in html
    words = report.markdown()
    assert "<script>" not in words.replace("\\<", "")
    table = [line for line in words.splitlines() if line.startswith("| ") and "alert" in line]
    assert table
    assert all(len(re.findall(r"(?<!\\)\|", line)) in (3, 4, 5, 6, 7) for line in table)


def test_simulated_data_is_named_before_any_figure(report: Report) -> None:
    for text in (report.html(), report.markdown()):
        assert 0 < text.index("Simulated data.") < text.index("0.8")
    real = Report(report.data | {"simulated": False})
    assert "Simulated data." not in real.html() + real.markdown()


def test_a_section_is_words_tables_and_figures(report: Report) -> None:
    html, words = (text.replace("\u00a0", " ") for text in (report.html(), report.markdown()))
    assert '<h2 id="trial">' in html
    assert '<td class="n">1,200</td><td class="n">50.0 %</td><td class="n">0.100 to 0.200</td>' in html
    assert '<td class="n">–</td><td class="n">–</td><td class="n">–</td>' in html
    assert "A caption." in html
    assert re.search(r"1,200 \| 50\.0 % \| 0\.100 to 0\.200 \|", words)
    assert "A note." in words


def test_the_json_keeps_to_its_schema(report: Report) -> None:
    import jsonschema

    import verticals.evaluation.report as home

    schema = json.loads((Path(home.__file__).parent / "report.schema.json").read_text(encoding="utf-8"))
    check = jsonschema.Draft202012Validator(schema)
    assert [error.message for error in check.iter_errors(report.data)] == []
    assert schema["properties"]["schema_version"]["const"] == home.SCHEMA_VERSION
    broken = json.loads(json.dumps(report.data))
    broken["sections"][0]["blocks"][1]["columns"][0]["form"] = "money"
    assert not check.is_valid(broken)
    del broken["alarms"]
    assert any("'alarms' is a required property" in error.message for error in check.iter_errors(broken))


def test_every_figure_can_be_reached(report: Report) -> None:
    assert report.numbers["figure_of_mine"] == 0.25
    assert report.numbers[report.headline] == report.value
    assert report.numbers[f"{report.headline}_lower"] == report.interval[0]
    assert report.section("trial")["numbers"] == {"figure_of_mine": 0.25}
    with pytest.raises(DataError, match=r"No section is called 'trail'\. Did you mean 'trial'"):
        report.section("trail")
    left_out = Report(report.data | {"missing": [{"key": "drift", "what": "Drift", "why": "There is no time."}]})
    with pytest.raises(DataError, match=r"'drift' was not computed: There is no time\."):
        left_out.section("drift")


def test_faults_are_named_before_the_sections(report: Report) -> None:
    html, words = report.html(), report.markdown()
    assert 0 < html.index("Stop: overconfident.") < html.index('<h2 id="metrics">')
    assert 0 < words.index("Stop: overconfident.") < words.index("## Metrics")
    calm = Report(report.data | {"alarms": []}).html()
    assert "No fault was found" in calm
    assert "No fault was found" not in html
    assert '<a href="#trial">See why' in html
    two = [*report.data["alarms"], {"name": "a_warning", "message": "Mind it.", "level": "warn", "section": "trial"}]
    both = Report(report.data | {"alarms": two[::-1]}).html()
    assert 0 < both.index("Stop: overconfident.") < both.index("Warning: a warning.") < both.index('class="summary"')


def test_a_page_says_what_was_looked_for(report: Report) -> None:
    made = [report.data["sections"][0] | {"key": key, "alarms": []} for key in ("calibration", "drift")]
    calm = Report(report.data | {"sections": made, "alarms": []})
    for text in (calm.html(), calm.markdown().replace("\\", "")):
        assert (
            "No fault was found. Looked for, as far as these rows can show it: probabilities that are off; promises"
            in text
        )
        assert "rows unlike those it learnt from." in text
        assert "Not looked for, see “Not computed”: answers that run against the truth; dangerous" in text
    found = Report(calm.data | {"alarms": [report.data["alarms"][0] | {"section": "calibration"}]}).html()
    assert "Also looked for, and not found, as far as these rows can show it: probabilities that are off; rows" in found
    assert looked_for(report.data | {"sections": []}) == []
    assert (
        looked_for(report.data | {"alarms": []})[0] == "No fault was found, and none of the usual ones was looked for."
    )


def test_every_alarm_of_a_section_is_among_those_looked_for() -> None:
    folder = Path(str(faults.__file__)).parent
    named = {
        (call.args[0].value, file.stem)
        for file in (folder / "sections").glob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Alarm"
        if isinstance(call.args[0], ast.Constant)
    }
    assert named == {(name, key) for name, (key, _) in faults.SOUGHT.items()}


def test_the_order_of_a_page(report: Report) -> None:
    full = Report(
        report.data | {"missing": [{"what": "Is it?", "why": "No rows."}, {"what": "Drift", "why": "No time."}]}
    )
    marks = (
        report.data["statement"], "Simulated data.", 'class="head"', 'id="alarms"', 'class="summary"', "<nav", 'id="metrics"',
        'id="baselines"', 'id="trial"', 'id="missing"', 'id="gate"', 'id="provenance"',
    )  # fmt: skip
    html = full.html().split("</head>")[1]
    places = [html.index(mark) for mark in marks]
    assert places == sorted(places)
    assert "<li>Is it? No rows.</li><li>Drift: No time.</li>" in html
    headings = [int(level) for level in re.findall(r"<h(\d)", html)]
    assert headings[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))


def test_long_tables_can_be_filtered_and_sorted(report: Report) -> None:
    assert 'class="long"' not in report.html()
    table = report.data["sections"][0]["blocks"][1]
    grown = table | {"rows": [{"a": f"row {i}", "n": i} for i in range(13)]}
    html = Report(report.data | {"sections": [report.data["sections"][0] | {"blocks": [grown]}]}).html()
    assert html.count('class="long"') == 1
    assert "(13 rows)</summary>" in html
    one = table | {"rows": table["rows"][:1]}
    assert (
        "(1 row)</summary>"
        in Report(report.data | {"sections": [report.data["sections"][0] | {"blocks": [one]}]}).html()
    )


def test_a_wide_figure_is_scrolled_not_shrunk(report: Report) -> None:
    names = [f"a condition, number {i}" for i in range(16)]
    data = {"rows": names, "columns": names, "counts": [[1] * 16] * 16, "row_title": "Truth", "column_title": "Answer"}
    figure = as_data(Section("trial", "T", (Figure("f", "heat", "Truth and answer", data, "C."),)))
    html = Report(report.data | {"sections": [figure]}).html()
    assert (
        '<figure class="wide"><div class="scroll" tabindex="0" role="group" aria-label="Truth and answer"><svg' in html
    )
    assert read(html).faults == []


def test_files_hold_the_same_figures(report: Report, tmp_path: Path) -> None:
    written = report.write(tmp_path / "a" / "b")
    assert written.path == tmp_path / "a" / "b" / "report.html"
    assert sorted(p.name for p in (tmp_path / "a" / "b").iterdir()) == ["report.html", "report.json", "report.md"]
    assert json.loads((tmp_path / "a" / "b" / "report.json").read_text(encoding="utf-8")) == report.data
    shown = number(report.value)
    assert shown in (tmp_path / "a" / "b" / "report.html").read_text(encoding="utf-8")
    assert shown in (tmp_path / "a" / "b" / "report.md").read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_written_is_a_sentence(report: Report, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match="cannot be written"):
        report.write(tmp_path / "file" / "report")


def test_keys_of_the_json(report: Report) -> None:
    assert set(report.data) == {
        "schema_version", "task", "version", "title", "kind", "statement", "referral", "boxes", "headline", "metrics",
        "rows", "baselines", "reachable", "calibration", "roc", "thresholds", "confusion", "slices", "abstention",
        "conformal",
        "flags", "errors", "notes", "gate", "missing", "simulated", "tuned_on_simulated", "measured_on", "provenance",
        "summary", "sections", "alarms",
    }  # fmt: skip
    assert report.data["schema_version"] == 2


def test_no_words_of_a_record_reach_the_report(report: Report) -> None:
    text = json.dumps(report.data)
    assert "crushing" not in text
    assert "mild cough" not in text


def test_undefined_figures_are_dashes_and_null(tmp_path: Path, report: Report) -> None:
    head = report.data["headline"] | {"value": float("nan"), "interval": [float("nan"), float("nan")]}
    bare: dict[str, Any] = {**report.data, "headline": head, "metrics": [head], "baselines": [], "calibration": None}
    bare |= {"roc": None, "thresholds": None, "confusion": None, "abstention": None, "conformal": None, "slices": []}
    empty = Report(bare).write(tmp_path)
    assert math.isnan(empty.value)
    assert math.isnan(empty.interval[0])
    assert read(empty.html()).faults == []
    assert summary_of([empty])["tasks"][0]["value"] is None


def test_index_and_summary(report: Report, tmp_path: Path) -> None:
    first = report.write(tmp_path / "runs" / "java script:x")
    second = Report(report.data | {"simulated": False, "task": "finance.demo"}).write(tmp_path / "elsewhere")
    page = write_index([first, second], tmp_path / "runs")
    found = json.loads((tmp_path / "runs" / "summary.json").read_text())
    assert set(found) == {"tasks"}
    assert [set(t) for t in found["tasks"]] == [{"task", "simulated", "headline", "value", "interval", "baselines"}] * 2
    one = found["tasks"][0]
    assert (one["task"], one["simulated"], one["headline"]) == ("medical.demo", True, "auroc")
    assert one["baselines"][0] == {
        "name": "majority",
        "value": 0.8,
        "difference": 0.3,
        "interval": pytest.approx([0.25, 0.35]),
    }
    assert len(one["interval"]) == 2
    html = page.read_text(encoding="utf-8")
    reader = read(html)
    assert reader.faults == []
    assert html.count("stop: overconfident") == 2
    assert sorted(reader.fetched) == ["../elsewhere/report.html", "java%20script%3Ax/report.html"]
    assert (
        html.index("Your own records")
        < html.index("finance.demo")
        < html.index("Simulated records")
        < html.index("medical.demo")
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.12345, "0.123"),
        (-0.5, "−0.500"),
        (1234, "1,234"),
        (12.34, "12.3"),
        (None, "–"),
        (math.nan, "–"),
        (1234.5, "1,234"),
    ],
)
def test_numbers_in_words(value: float | None, shown: str) -> None:
    assert number(value) == shown


def test_percent_and_plain() -> None:
    assert percent(0.1234) == "12.3 %"
    assert percent(None) == "–"
    assert percent(-0.05) == "−5.0 %"
    assert plain({"a": np.array([1.0, np.nan]), "b": (np.int64(3), np.bool_(True), math.inf)}) == {
        "a": [1.0, None],
        "b": [3, True, None],
    }
