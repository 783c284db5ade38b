"""What five guidelines ask, in our own words, and where this report answers: plain data that a test holds against the report.

    Item("23", "How well the model performs, also in groups", ("discrimination", "calibration", "groups"))

Sources: TRIPOD+AI (Collins et al. 2024, BMJ 385:e078378); MI-CLAIM (Norgeot et al. 2020, Nature Medicine 26:1320); Regulation
(EU) 2024/1689, Annex IV; SR 26-2 / OCC Bulletin 2026-13 (17 April 2026); FDA, draft guidance on AI-enabled device software
functions (7 January 2025), model card.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BY_HAND", "GUIDELINES", "NEWS", "Guideline", "Item"]

BY_HAND = {
    "metrics": "Metrics",
    "baselines": "Against simpler models",
    "gate": "Data gate",
    "provenance": "Provenance",
}
"""Anchors of the report that are no sections of this package -> their names in words."""


@dataclass(frozen=True)
class Item:
    """One thing that a guideline asks for."""

    number: str
    asks: str
    where: tuple[str, ...] = ()
    """Anchors of this report; empty: it is not in this report."""
    note: str = ""
    """What is not here, and who provides it."""


@dataclass(frozen=True)
class Guideline:
    """One guideline."""

    key: str
    title: str
    about: str
    """One sentence: what it is and its standing."""
    items: tuple[Item, ...]


_AUTHORS = "not in this report: the authors of the study write it"
_OWNERS = "not in this report: those who collected the records know it"
_HOUSE = "not in this report: the organisation that puts it to use provides it"

_TRIPOD = Guideline(
    "tripod_ai",
    "TRIPOD+AI (2024), for studies of prediction models in health",
    "27 items; it replaces TRIPOD of 2015.",
    (
        Item("1-2", "Title and abstract", (), _AUTHORS),
        Item(
            "3",
            "Background: setting, intended people, known inequalities",
            ("limits",),
            f"setting and rationale {_AUTHORS}",
        ),
        Item("4", "Objectives", ("limits",)),
        Item(
            "5", "Sources and dates of the data", ("data", "provenance"), "why these records were chosen: their owners"
        ),
        Item("6", "Participants: setting, eligibility, treatment", (), _OWNERS),
        Item("7", "Preparation of the data", ("gate", "data")),
        Item("8", "Outcome: what it is, how and by whom it was judged", ("data",), f"how it was judged {_OWNERS}"),
        Item("9", "Predictors: which, how measured", ("data", "explanations"), f"how they were measured {_OWNERS}"),
        Item("10", "Sample size", ("limits", "metrics")),
        Item("11", "Missing data", ("data", "limits")),
        Item("12", "Methods of analysis", ("provenance", "discrimination", "calibration")),
        Item("13", "Class imbalance", ("data", "utility")),
        Item("14", "Fairness", ("groups", "counterfactual")),
        Item("15", "What the model gives out, and thresholds", ("calibration", "utility")),
        Item("16", "Differences between training and test data", ("drift", "gate")),
        Item("17", "Ethical approval", (), _HOUSE),
        Item(
            "18",
            "Open science: funding, interests, protocol, data, code",
            ("provenance",),
            f"all but versions {_AUTHORS}",
        ),
        Item("19", "Involvement of patients and the public", (), _HOUSE),
        Item("20", "Participants in the results: flow and characteristics", ("data",)),
        Item("21", "Rows and events in each step of development", ("data", "metrics")),
        Item("22", "Specification of the full model", ("provenance",), "the run folder holds the weights"),
        Item("23", "Performance with intervals, also in groups", ("discrimination", "calibration", "groups")),
        Item("24", "Updating of the model", ("limits",), "the change log is filled in by people"),
        Item("25", "Interpretation", ("baselines", "explanations"), f"set against earlier studies {_AUTHORS}"),
        Item("26", "Limitations", ("limits",)),
        Item("27", "Use in care: poor input, who handles it, next steps", ("scope", "selective", "robustness")),
    ),
)
_MI_CLAIM = Guideline(
    "mi_claim",
    "MI-CLAIM (2020), minimum information about clinical AI",
    "Six parts of a study.",
    (
        Item(
            "1", "Study design: question, cohort, baseline", ("data", "baselines"), f"the clinical question {_AUTHORS}"
        ),
        Item("2", "Partition of the data, by patient", ("data", "gate")),
        Item(
            "3", "Optimisation and choice of the final model", ("provenance",), "the log of tuning is in the run folder"
        ),
        Item("4", "Performance of the model", ("metrics", "discrimination", "utility")),
        Item("5", "Examination of the model", ("explanations", "robustness", "safety")),
        Item("6", "Reproducible pipeline", ("provenance",)),
    ),
)
_ANNEX_IV = Guideline(
    "annex_iv",
    "EU AI Act, Annex IV: technical documentation of high-risk systems",
    "Whether a system is high-risk is for its provider to determine; the points below are those of the annex.",
    (
        Item("1", "General description: purpose, version, hardware", ("limits", "provenance", "efficiency")),
        Item(
            "2",
            "Elements and development: data, design, tests, security",
            ("data", "gate", "robustness"),
            f"design {_HOUSE}",
        ),
        Item(
            "3", "Monitoring, functioning, control; accuracy for groups; oversight", ("groups", "selective", "limits")
        ),
        Item("4", "Why the performance metrics fit", ("metrics", "utility"), f"the reasons {_HOUSE}"),
        Item("5", "Risk management (Article 9)", ("safety",), f"the system of risk management {_HOUSE}"),
        Item("6", "Changes over the lifecycle", ("limits",)),
        Item("7", "Harmonised standards applied", (), _HOUSE),
        Item("8", "EU declaration of conformity", (), _HOUSE),
        Item(
            "9", "Monitoring after it is on the market", ("limits", "drift"), "the plan is here; carrying it out is not"
        ),
    ),
)
_SR_26_2 = Guideline(
    "sr_26_2",
    "SR 26-2 / OCC Bulletin 2026-13 (17 April 2026), model risk management of US banks",
    "It supersedes SR 11-7, whose words are kept here because people know them.",
    (
        Item("soundness", "Conceptual soundness: data, method, alternatives", ("data", "explanations", "baselines")),
        Item(
            "outcomes",
            "Outcomes analysis: forecasts against what happened",
            ("discrimination", "calibration", "utility"),
        ),
        Item("monitoring", "Ongoing monitoring", ("drift", "limits")),
        Item("limits", "Known limits and sensitivity", ("robustness", "limits")),
        Item(
            "challenge",
            "Effective challenge by independent people",
            ("limits",),
            f"only a blank table; the review {_HOUSE}",
        ),
        Item("governance", "Inventory, roles, policies", (), _HOUSE),
        Item(
            "reasons",
            "Principal reasons for an adverse action (12 CFR 1002.9)",
            ("explanations",),
            "the notice: the lender",
        ),
        Item("lending", "Fair-lending analytics", ("groups", "counterfactual")),
    ),
)
_FDA = Guideline(
    "fda_model_card",
    "FDA draft guidance of 7 January 2025 on AI-enabled device software, with a model card",
    "A draft; this software is not a medical device, and the table only shows where such facts would come from.",
    (
        Item("model", "Description of the model and its use", ("limits", "provenance")),
        Item("data", "Management of the data", ("data", "gate")),
        Item("validation", "Validation, with results of subgroups", ("metrics", "groups")),
        Item("limits", "Known limits and risks", ("safety", "limits")),
        Item("monitoring", "Monitoring of performance", ("drift", "limits")),
        Item(
            "security",
            "Cybersecurity: poisoning, evasion, inversion, injection",
            ("robustness", "privacy"),
            f"the rest {_HOUSE}",
        ),
        Item("usability", "Usability for those who work with it", (), _HOUSE),
    ),
)
GUIDELINES = (_TRIPOD, _MI_CLAIM, _ANNEX_IV, _SR_26_2, _FDA)

NEWS = (
    "What changed in 2026. US banks: on 17 April 2026 the Federal Reserve, the OCC and the FDIC issued revised guidance on model "
    "risk management (SR 26-2, OCC Bulletin 2026-13), which supersedes SR 11-7, SR 21-8, OCC 2011-12 and OCC 1997-24; it is "
    "principles-based and non-binding, aimed at banks above 30 billion dollars, and leaves generative and agentic AI out.",
    "US credit: a final rule of the CFPB, published on 22 April 2026 and effective on 21 July 2026, removes the effects test "
    "(disparate impact) from Regulation B. The duty to give specific principal reasons for an adverse action is unchanged, and "
    "the Fair Housing Act and state law still apply; the group tables of this report are analytics, not a legal finding.",
    "EU: under the political agreement of 7 May 2026 on the Digital Omnibus, the duties for high-risk uses of Annex III "
    "(among them creditworthiness, but not the detection of fraud, and several uses in education) apply from 2 December 2027, "
    "those for products of Annex I (among them medical devices) from 2 August 2028; transparency under Article 50 stays at "
    "2 August 2026.",
)
"""What a reader who knew the rules of 2025 must unlearn; as far as it was known in mid-2026, and no legal advice."""
