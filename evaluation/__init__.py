"""Measure a run against honest baselines on rows it has never seen, and write the report.

    metrics/       pure functions of arrays; ready `Metric` objects
    intervals.py   bootstrap intervals and paired differences
    baselines.py   majority, classical models, the untouched backbone
    evaluate.py    run -> Report
    outside.py     predictions of another program -> Report
    compare.py     several runs on the same rows -> Comparison
    require.py     bounds on the figures of a report, for a release gate
    report.py      Report -> one HTML file, JSON, Markdown
    index.py       several reports -> one page

Importing it loads nothing more than this file.
"""
