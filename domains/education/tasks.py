"""The task education.tutoring: a pupil's question -> the explanation of the course bank that answers it.

question     i added the tops and the bottoms and got 2/5, why is that wrong
grade        6                        (may be missing)
explanation  add-fractions            (the truth: an id of the bank)
"""

from __future__ import annotations

from ...core.task import Bank, Decision, Field, SafetyPolicy, SplitRule, Task
from ...evaluation.metrics.standard import ACCURACY, ECE, LOG_LOSS, MACRO_F1, MCC, MRR, RECALL_AT_1, RECALL_AT_3
from .metrics import RECALL_AT_1_BY_SKILL
from .page_one import feedback_page_one, tutoring_page_one
from .readers import READERS, RUBRIC, course_bank
from .report_sections import feedback_sections, tutoring_sections
from .safety import safety_flags
from .simulator import SIMULATOR_CARD, simulate, true_probabilities

__all__ = ["FEEDBACK", "STATEMENT", "TUTORING"]

STATEMENT = (
    "The explanation is chosen from a course bank and may miss what the pupil means; it does not grade anyone and does "
    "not replace a teacher."
)

TUTORING = Task(
    name="education.tutoring",
    version="1",
    title="Which explanation of the course bank answers this pupil's question?",
    kind="choice",
    label="explanation",
    metrics=(RECALL_AT_1, RECALL_AT_3, MRR, RECALL_AT_1_BY_SKILL),
    safety=SafetyPolicy(
        statement=STATEMENT,
        max_error=0.1,
        referral="Ask the teacher: the bank may have no answer to this question.",
        escalate=safety_flags,
    ),
    fields=(
        Field("question", "text", title="pupil's question", required=True),
        Field("grade", "category"),
        # known to the author of a bank, not to the pupil who asks: kept for tables, never read by the model
        Field("skill", "category", protected=True),
        Field("style", "category", protected=True),
        Field("pupil", "category", protected=True),
    ),
    split=SplitRule(by="group", group="template"),
    slices=("grade", "skill", "style"),
    readers=READERS,
    bank=Bank(rows=course_bank),
    simulate=simulate,
    simulated_rows=2400,
    true_probabilities=true_probabilities,
    simulator_card=SIMULATOR_CARD,
    page_one=tutoring_page_one,
    sections=tutoring_sections,
)

FEEDBACK = Task(
    name="education.feedback",
    version="1",
    title="Does this tutor's reply do what a good reply should (see the mistake, locate it, guide, say what to do next)?",
    kind="classification",
    label="Mistake_Identification",
    labels=("No", "To some extent", "Yes"),
    metrics=(MACRO_F1, ACCURACY, MCC, ECE, LOG_LOSS),
    safety=SafetyPolicy(
        statement="It grades a tutor's reply by one question of a rubric; it does not grade a pupil.",
        max_error=0.25,
        referral="Let a teacher read the reply.",
    ),
    fields=(
        Field("response", "text", title="tutor's reply", required=True),
        Field("student", "text", title="pupil's last words"),
        Field("tutor", "category", protected=True),
        Field("last", "text", protected=True),
        Field("history", "text", protected=True),
        *(Field(question, "category", protected=True) for question in RUBRIC[1:]),
    ),
    split=SplitRule(by="group", group="session"),
    decision=Decision(rule="balanced"),
    slices=("tutor",),
    readers=tuple(reader for reader in READERS if reader.name == "mrbench"),
    page_one=feedback_page_one,
    sections=feedback_sections,
)
