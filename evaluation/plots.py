"""Figures of a report as SVG inside the page, drawn with matplotlib: readable in grey, in light and dark, by those who listen.

One function for each `Figure.kind`; `data` holds plain numbers:

    line         series: [{name, x, y, low?, high?}], x_title, y_title, diagonal?: bool, level?: number, log?: bool,
                 marked?: {x, y, name}, x_range?, y_range?, percent?: "x", "y" or "xy"
    reliability  bins: [{confidence, observed, interval, count}], x_title, y_title
    forest       rows: [{name, value, interval}], reference: number, left, right: words at the ends, percent?: bool;
                 filled square: surely above the reference, hollow diamond: surely below, hollow circle: neither
    bars         rows: [{name, value, interval?}], x_title, level?: number, percent?: bool
    histogram    edges: [b + 1], groups: [{name, counts: [b]}], x_title; drawn as shares of the group, which counts may be
    heat         rows: [names], columns: [names], counts: [[…]], row_title, column_title; shade is the share of the row

Colours are those of Okabe and Ito (2008); what matters also differs in dash or marker. Colours become variables of the
style sheet, so that a figure follows light and dark. All figures are about equally wide, so that their words are equally
large; a figure never grows beyond `LARGEST` of that, and shrinks with the page.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
import textwrap
import warnings
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["KINDS", "draw"]

Data = Mapping[str, Any]
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (3, 1)), (0, (8, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P")
INK, QUIET, PALE, PAPER = "#010203", "#040506", "#070809", "#0a0b0c"
"""Placeholders that the style sheet's colours replace."""
_VARIABLES = {
    **{colour: f"var(--series-{i})" for i, colour in enumerate(SERIES, start=1)},
    INK: "var(--ink)", QUIET: "var(--quiet)", PALE: "var(--line)", PAPER: "var(--paper)",
}  # fmt: skip
MOST_POINTS = 200
WIDTH = 4.4
"""Inches; narrow enough that 9 points stay readable on a telephone."""
LARGEST = 0.094
"""rem for each point of the drawing: 9 points become about 13.5 pixels at most."""


def draw(figure: Mapping[str, Any]) -> str:
    """A figure (as `core.pages.as_data` gives it) as SVG with title and description.

    Raises:
        ValueError: an unknown kind.
    """
    if figure["kind"] not in KINDS:
        raise ValueError(f"no figure of the kind {figure['kind']!r}; there are {', '.join(KINDS)}")
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    style: Any = {
        "svg.fonttype": "none", "svg.hashsalt": "verticals", "font.size": 9, "font.family": "sans-serif",
        "axes.edgecolor": QUIET, "axes.labelcolor": INK, "axes.titlecolor": INK, "text.color": INK, "xtick.color": QUIET,
        "ytick.color": QUIET, "xtick.labelcolor": INK, "ytick.labelcolor": INK, "grid.color": PALE, "grid.linewidth": 0.6,
        "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False, "text.parse_math": False,
    }  # fmt: skip
    with rc_context(style), warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "Glyph .* missing"
        )  # the reader's fonts draw the words, not those of this machine
        canvas = Figure(figsize=(WIDTH, 3.2), layout="constrained")
        canvas.patch.set_alpha(0)
        KINDS[figure["kind"]](canvas, figure["data"])
        for axes in canvas.axes:
            axes.patch.set_alpha(0)
            for artist in axes.get_children():
                artist.set_clip_on(False)  # no clip paths, whose names would clash in one page
        out = io.StringIO()
        canvas.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _inlined(out.getvalue(), figure["title"], figure["caption"])


def _inlined(svg: str, title: str, caption: str) -> str:
    """Only the element itself, with names of its own, colours of the page and words for those who listen."""
    name = "f" + hashlib.sha256(f"{title}{svg}".encode()).hexdigest()[:10]
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r' clip-path="url\(#[^"]*\)"', "", body)
    body = re.sub(r"<clipPath.*?</clipPath>", "", body, flags=re.DOTALL)
    used = set(re.findall(r'href="#([^"]+)"', body)) | set(re.findall(r"url\(#([^)]+)\)", body))
    body = re.sub(r' id="([^"]+)"', lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "", body)
    body = body.replace('href="#', f'href="#{name}-').replace("url(#", f"url(#{name}-")
    body = re.sub(
        r" ?font-family: [^;\"]*;?", "", body
    )  # the page's own; older matplotlib writes it in one with the size
    body = re.sub(r"font: ((?:\d+ )?[\d.]+px) [^;\"]*", r"font: \1 var(--sans)", body)
    for placeholder, variable in _VARIABLES.items():
        body = body.replace(placeholder, variable)
    found = re.search(r'viewBox="([^"]+)"', body)
    box = found[1] if found else f"0 0 {72 * WIDTH:g} 230"
    across = float(box.split()[2])
    wide = across > 80 * WIDTH
    size = f"max-width: {LARGEST * across:.1f}rem" + (f"; min-width: {across / 14:.1f}rem" if wide else "")
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{box}" '
        f'class="{"wide" if wide else "plot"}" style="{size}" role="img" aria-labelledby="{name}-t {name}-d">'
        f'<title id="{name}-t">{escape(title)}</title><desc id="{name}-d">{escape(caption)}</desc>'
    )
    body = re.sub(r"<[^>]+>", _short_places, body[body.index(">") + 1 :])
    body = re.sub(r"\s*\n\s*", " ", re.sub(r' transform="rotate\(-?0 [^"]*"', "", body))
    body = re.sub(r"<g> (<path [^>]*/>|<text [^>]*>[^<]*</text>) </g>", r"\1", body)  # groups that hold one thing
    return head + body.strip()


def _short_places(tag: re.Match[str]) -> str:
    """Two decimals are enough to place a mark; the words between the tags stay as they are."""
    return re.sub(r"(\d+\.\d{2})\d+", r"\1", tag[0])


def _finite(values: Sequence[Any]) -> list[float]:
    return [math.nan if v is None else float(v) for v in values]


def _thin(count: int) -> list[int]:
    """Places of at most MOST_POINTS points, first and last among them."""
    if count <= MOST_POINTS:
        return list(range(count))
    return sorted({round(i * (count - 1) / (MOST_POINTS - 1)) for i in range(MOST_POINTS)})


def _within_shares(axes: Axes, which: str) -> None:
    """Shares end at 0 and 1: an axis of per cents shows no room beyond them, unless there is something there."""
    for letter, get, put in (("x", axes.get_xlim, axes.set_xlim), ("y", axes.get_ylim, axes.set_ylim)):
        low, high = get()
        room = (high - low) / 11  # matplotlib adds 5 % on each side
        if letter in which and low >= -room and high <= 1 + room:
            put(max(low, 0.0), min(high, 1.0))


def _legend(canvas: Any, axes: Axes) -> None:
    """Names of the series above the picture, where they hide nothing."""
    handles, names = axes.get_legend_handles_labels()
    short = [_shortened(name) for name in names]
    columns = 2 if max(map(len, short)) <= 22 else 1
    canvas.legend(handles, short, loc="outside upper left", ncols=columns, fontsize=8, borderaxespad=0.2)


def _few_ticks(axes: Axes) -> None:
    """So few that their labels never touch."""
    axes.locator_params(axis="x", nbins=6)


def _as_percent(axes: Axes, which: str) -> None:
    from matplotlib.ticker import PercentFormatter

    for letter, axis in (("x", axes.xaxis), ("y", axes.yaxis)):
        if letter in which:
            axis.set_major_formatter(PercentFormatter(1.0, symbol=" %", decimals=None))


def _line(canvas: Any, data: Data) -> None:
    axes = canvas.subplots()
    axes.grid(visible=True)
    for i, series in enumerate(data["series"]):
        keep = _thin(len(series["x"]))
        x, y = ([_finite(series[k])[j] for j in keep] for k in ("x", "y"))
        colour, dash = SERIES[i % 6], DASHES[i % 6]
        few = len(keep) <= 15
        axes.plot(x, y, color=colour, linestyle=dash, linewidth=1.7, marker=MARKERS[i % 6] if few else None,
                  markersize=4, label=series["name"])  # fmt: skip
        if series.get("low") is not None:
            low, high = ([_finite(series[k])[j] for j in keep] for k in ("low", "high"))
            axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
    if data.get("level") is not None:
        axes.axhline(data["level"], color=QUIET, linestyle=(0, (4, 3)), linewidth=1)
    if data.get("log"):
        axes.set_xscale("log")
    marked = data.get("marked")
    if marked and marked["x"] is not None and marked["y"] is not None:
        axes.plot([marked["x"]], [marked["y"]], marker="o", markersize=9, markerfacecolor=PAPER, markeredgecolor=SERIES[1],
                  markeredgewidth=2, linestyle="none", label=marked["name"])  # fmt: skip
    for which, bounds in (("x", data.get("x_range")), ("y", data.get("y_range"))):
        if bounds is not None:
            (axes.set_xlim if which == "x" else axes.set_ylim)(*bounds)
    _within_shares(axes, data.get("percent", ""))
    if data.get("diagonal"):
        (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
        ends = [max(left, bottom), min(right, top)]
        axes.plot(ends, ends, color=QUIET, linestyle=(0, (4, 3)), linewidth=1)
        axes.set_xlim(left, right)
        axes.set_ylim(bottom, top)
    if not data.get("log"):
        _few_ticks(axes)
    axes.set_xlabel(data["x_title"])
    axes.set_ylabel(data["y_title"])
    _as_percent(axes, data.get("percent", ""))
    if len(data["series"]) > 1 or marked:
        _legend(canvas, axes)


def _reliability(canvas: Any, data: Data) -> None:
    axes, below = canvas.subplots(2, 1, height_ratios=(4, 1), sharex=True)
    bins = data["bins"]
    x, y = [b["confidence"] for b in bins], [b["observed"] for b in bins]
    low, high = [b["interval"][0] for b in bins], [b["interval"][1] for b in bins]
    most = max([*x, *high])
    most = next((step for step in (0.05, 0.1, 0.2, 0.5) if most <= step), 1.0)
    axes.grid(visible=True)
    axes.plot([0, most], [0, most], color=QUIET, linestyle=(0, (4, 3)), linewidth=1)
    axes.fill_between(x, low, [min(v, most) for v in high], color=SERIES[0], alpha=0.18, linewidth=0)
    axes.plot(x, y, color=SERIES[0], marker="o", markersize=4, linewidth=1.7)
    axes.set_xlim(0, most)
    axes.set_ylim(0, most)
    axes.set_ylabel(data["y_title"])
    below.bar(x, [b["count"] for b in bins], width=most / 40, color=QUIET)
    below.set_ylabel("rows")
    below.set_xlabel(data["x_title"])
    _as_percent(axes, "xy")
    _as_percent(below, "x")


def _rows_height(canvas: Any, count: int) -> None:
    canvas.set_size_inches(WIDTH, 1.0 + 0.32 * count)


def _shortened(name: Any, most: int = 34) -> str:
    words = str(name)
    return words if len(words) <= most else words[: most - 1] + "…"


def _row_names(axes: Axes, names: Sequence[Any]) -> None:
    """Names of the rows, first on top, on at most two lines each."""
    lines = [textwrap.wrap(str(name), 22, max_lines=2, placeholder=" …") for name in names]
    axes.set_yticks(range(len(names)), ["\n".join(line) for line in lines], fontsize=8)
    axes.set_ylim(len(names) - 0.4, -0.6)


def _forest(canvas: Any, data: Data) -> None:
    rows = [row for row in data["rows"] if row["value"] is not None and math.isfinite(row["value"])]
    _rows_height(canvas, len(rows))
    axes = canvas.subplots()
    axes.axvline(data["reference"], color=QUIET, linestyle=(0, (4, 3)), linewidth=1)
    for at, row in enumerate(rows):
        low, high = _finite(row["interval"])
        sure = "above" if low > data["reference"] else "below" if high < data["reference"] else "unsure"
        colour, marker = {"above": (SERIES[0], "s"), "below": (SERIES[1], "D"), "unsure": (QUIET, "o")}[sure]
        if math.isfinite(low) and math.isfinite(high):
            axes.plot([low, high], [at, at], color=colour, linewidth=1.7, marker="|", markersize=6)
        axes.plot([row["value"]], [at], marker=marker, markersize=6, color=colour, linestyle="none",
                  markerfacecolor=colour if sure == "above" else PAPER)  # fmt: skip
    _row_names(axes, [row["name"] for row in rows])
    _few_ticks(axes)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    if data.get("percent"):
        _as_percent(axes, "x")
    beside = len(data["left"]) + len(data["right"]) <= 44  # longer words stand on two lines
    for words, x, side, lines in (
        (f"← {data['left']}", 0, "left", 1),
        (f"{data['right']} →", 1, "right", 1 if beside else 2),
    ):
        axes.annotate(words, (x, 0), xycoords=("axes fraction", "axes fraction"), xytext=(0, -10 - 13 * lines),
                      textcoords="offset points", ha=side, va="center")  # fmt: skip


def _bars(canvas: Any, data: Data) -> None:
    rows = data["rows"]
    _rows_height(canvas, len(rows))
    axes = canvas.subplots()
    axes.grid(visible=True, axis="x")
    axes.set_axisbelow(True)
    values = _finite([row["value"] for row in rows])
    axes.barh(range(len(rows)), values, height=0.62, color=SERIES[0])
    for at, row in enumerate(rows):
        bounds = _finite(row.get("interval") or (None, None))
        if all(map(math.isfinite, bounds)):
            axes.plot(bounds, [at, at], color=INK, linewidth=1.2, marker="|", markersize=5)
    if data.get("level") is not None:
        axes.axvline(data["level"], color=QUIET, linestyle=(0, (4, 3)), linewidth=1)
    _row_names(axes, [row["name"] for row in rows])
    _few_ticks(axes)
    axes.set_xlabel(data["x_title"])
    if data.get("percent"):
        _as_percent(axes, "x")


def _histogram(canvas: Any, data: Data) -> None:
    axes = canvas.subplots()
    axes.grid(visible=True, axis="y")
    axes.set_axisbelow(True)
    for i, group in enumerate(data["groups"]):
        total = sum(group["counts"])
        share = [count / total if total else 0 for count in group["counts"]]
        rows = f" ({total:,} rows)" if all(float(count).is_integer() for count in group["counts"]) else ""
        axes.stairs(share, data["edges"], color=SERIES[i % 6], linestyle=DASHES[i % 6], linewidth=1.7,
                    label=_shortened(group["name"]) + rows)  # fmt: skip
    _few_ticks(axes)
    axes.set_xlabel(data["x_title"])
    axes.set_ylabel("share of the group")
    _as_percent(axes, "y")
    _legend(canvas, axes)


def _heat(canvas: Any, data: Data) -> None:
    from matplotlib.patches import Rectangle

    down, across, counts = data["rows"], data["columns"], data["counts"]
    side = 0.34 if len(across) > 8 else 0.5
    canvas.set_size_inches(max(WIDTH, 2.2 + side * len(across)), 1.5 + side * 0.8 * len(down))
    axes = canvas.subplots()
    for i, line in enumerate(counts):
        total = max(1, sum(line))
        for j, count in enumerate(line):
            if count:
                shade = 0.55 * count / total
                axes.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=SERIES[0], alpha=shade, linewidth=0))
            if count or i == j:
                weight = "bold" if i == j else "normal"
                axes.text(j, i, f"{count:,}", ha="center", va="center", fontsize=8, weight=weight)
    axes.set_xlim(-0.5, len(across) - 0.5)
    axes.set_ylim(len(down) - 0.5, -0.5)
    axes.set_xticks(range(len(across)), [_shortened(c, 22) for c in across], rotation=90 if len(across) > 4 else 0)
    axes.set_yticks(range(len(down)), [_shortened(c, 22) for c in down])
    axes.tick_params(length=0)
    axes.set_xlabel(data["column_title"])
    axes.set_ylabel(data["row_title"])


KINDS: dict[str, Callable[[Any, Data], None]] = {
    "line": _line,
    "reliability": _reliability,
    "forest": _forest,
    "bars": _bars,
    "histogram": _histogram,
    "heat": _heat,
}
