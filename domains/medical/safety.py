"""Red flags: rules that read a note and its vital signs before any model does, and send the case to a person.

    red_flags({"note": "Crushing chest pain, sweating. No fever.", "spo2": 90})
    # [Flag('chest pain with a warning sign', …, 'chest pain; sweating'), Flag('low oxygen', …, 'spo2 90')]

Deterministic and English. A finding is a pattern; a rule is findings that must come together. A finding does not count
where it is negated ("denies chest pain"), told of a relative ("father had a stroke") or long past ("ten years ago").
`negation.py` decides that. In doubt a finding counts: a false alarm costs a look, a miss may cost a life. Vital signs:
qSOFA (Singer et al. 2016) and the usual limits of adults.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ...core.task import Flag, Record
from .negation import compiled, counts, plain_sentences

__all__ = ["RULE_NAMES", "red_flags"]

# Patterns as `negation.compiled` reads them.
_FINDINGS = {
    "chest pain": (
        r"chest(?:[- ]\w+)? (?:pa?ia?n\w*|pressure|tight\w*|discomfort|heav\w*|ache|aching)|"
        r"chest (?:\w+ )?(?:hurts?|hurting|aches|aching)|"
        r"(?:pains?|pian|pressure|tight\w*|squeez\w*|crushing|discomfort|heav\w*|weight|elephant|band|"
        r"burning)(?: \w+){0,3}? (?:in|across|over|on|around|inside) ~(?:(?:centre|center|middle|left side|front)"
        r" of ~)?(?:chest|breastbone|sternum)|"
        r"chest (?:is|feels|felt|was|has been|feeling) (?:\w+ )?(?:tight|heavy|sore|painful|crush\w*|squeez\w*)|"
        r"(?:tight|heavy|crushing|painful|sore) chest(?: pain)?|retrosternal pain|"
        r"pain behind ~(?:breastbone|sternum)|angina pain|\bcp\b"
    ),
    "dyspnoea": (
        r"short(?:ness|age)? of breath|\bsob\b|breathless\w*|dyspn\w+|"
        r"(?:difficult\w*|trouble|hard|struggl\w+|problems?)(?: \w+)?? (?:to |with )?~breath\w*|"
        r"(?:can't|cannot|can not|could not|couldn't|unable to|can barely) (?:\w+ )?(?:breathe|catch ~breath|"
        r"get (?:~breath|enough air))|out of breath|\bwinded\b|gasping|"
        r"breathing is (?:\w+ )?(?:hard|difficult|bad)"
    ),
    "sweating": r"(?<!night\s)sweat(?:y|ing|s|ed)?\b|diaphor\w+|clammy|drenched",
    "radiation": (
        r"(?:radiat\w+|spread\w*|shoot\w*|goes|going|went|mov\w+|travel\w*|runs|running) (?:\w+ ){0,2}?(?:to|into|"
        r"down|up|through|towards?) (?:\w+ ){0,2}?(?:arms?|jaw|shoulders?|neck|back|teeth)|"
        r"pain (?:in|into|down|to) ~(?:left arm|jaw|arms)|left arm (?:pain|ache\w*|hurts)|"
        r"jaw (?:pain|ache\w*|hurts)|radiation"
    ),
    "heart attack": r"having a heart attack|heart attack (?:now|right now)|\bstemi\b",
    "face droop": (
        r"fac(?:e|ial)(?: \w+){0,4}? (?:droop\w*|dropped|lopsided|fallen|sagg\w+|palsy|weakness|asymmetry|"
        r"numb\w*)|(?:mouth|smile|eyelid) (?:\w+ ){0,3}?(?:droop\w*|lopsided|crooked|twisted|uneven)|"
        r"(?:droop\w*|lopsided|crooked) (?:face|mouth|smile)|"
        r"(?:droop\w*|sagg\w+)(?: \w+){0,3}? (?:of|on) (?:\w+ ){0,2}?face"
    ),
    "limb weakness": (
        r"(?:left|right|one)[- ]?(?:sided?|arm|leg|hand|side of ~(?:body|face))(?: (?:is|was|are|feels|felt|went|"
        r"has|gone|suddenly|very|completely|so|became|become))* ?(?:weak\w*|numb\w*|paraly\w+|limp|dead)|"
        r"one-sided weakness|"
        r"(?:weak\w*|numb\w*|paraly\w+)(?: \w+){0,2}? (?:of|in|on|down|affecting|to) ~(?:left|right|one)\b|"
        r"(?:arm|leg|hand)(?: \w+){0,2}? (?:went|gone|goes|is) (?:limp|weak|numb|paraly\w+)|"
        r"(?:arm|leg|hand)(?: \w+){0,2}? (?:won't|would not|wouldn't|doesn't|does not|stopped|not) (?:work\w*|"
        r"mov\w+|respond\w*)|arm (?:weakness|drift)|"
        r"(?:can't|cannot|can not|unable to|could not|couldn't) (?:lift|raise|move|hold up) ~(?:left |right |one |"
        r"other )?(?:arm|leg|hand|side)|hemi(?:paresis|plegia)"
    ),
    "speech trouble": (
        r"slur\w*(?: speech)?|"
        r"(?:speech|words|talking)(?: \w+){0,3}? (?:slur\w*|garbled|jumbled|unclear|mumbl\w*|gibberish|nonsense|"
        r"wrong)|"
        r"(?:can't|cannot|can not|unable to|could not|couldn't|not (?:been )?able to) (?:speak|talk|find (?:the |"
        r"~)?words|get (?:the |~)?words out)|dysarthri\w+|(?:a|dys)phasi\w+|trouble (?:speaking|finding words)|"
        r"speech difficulty|(?:lost|loss of) ~speech"
    ),
    "stroke named": r"having a (?:stroke|tia)|stroke symptoms|(?:acute|suspected) stroke",
    "thunderclap": (
        r"thunderclap|worst head\w*|headache(?: \w+){0,6}? worst|"
        r"(?:sudden\w*|abrupt\w*|explosive|explod\w+)(?: \w+){0,4}? head(?:ache)?\b|"
        r"headache(?: \w+){0,5}? (?:sudden\w*|abrupt\w*|out of nowhere|all at once|in seconds|within (?:a |"
        r"one )?(?:seconds|minute))|(?:hit|struck|kicked) (?:\w+ ){0,5}?head|"
        r"headache(?: \w+){0,3}? like (?:a |being )(?:hit|bolt|explosion|blow|bomb)"
    ),
    "neck stiffness": (
        r"(?:stiff\w*|rigid\w*)(?: \w+)? neck|neck(?: \w+){0,3}? (?:stiff\w*|rigid\w*)|neck rigidity|nuchal|"
        r"meningism\w*|"
        r"(?:can't|cannot|unable to|could not|couldn't) (?:bend|flex|move|touch) (?:\w+ ){0,3}?(?:neck|chin)"
    ),
    "purple rash": (
        r"(?:non-?blanching|purpuric|petechial|purple|dark)(?: \w+)? (?:rash|spots)|"
        r"(?:rash|spots)(?: \w+){0,5}? (?:not|doesn't|don't|does not|do not) (?:fade|blanch|disappear)|"
        r"petechia\w*|purpura"
    ),
    "fever": r"fever\w*|febrile|pyrexi\w+|high temp\w*|(?:a|running a) temperature|burning up|rigors",
    "confusion": (
        r"\bconfus(?:ed|ion)\b(?! about)|disorient\w+|delirious|delirium|"
        r"(?:altered|reduced|low) (?:mental (?:status|state)|consciousness|level of consciousness)|"
        r"(?:not|isn't) making (?:any )?sense|unresponsive|"
        r"(?:hard|difficult|impossible|can't|cannot) (?:to )?(?:wake|rouse)|"
        r"(?:does not|doesn't) (?:know|recogni[sz]e) (?:where|what day|who|~(?:family|wife|husband|name))|"
        r"unconscious|obtunded"
    ),
    "drowsy": r"drows\w+|very sleepy|lethargic",
    "lip swelling": (
        r"(?:swelling|swollen|swelled)(?: up)?(?: \w+){0,2}? (?:of |in )?~(?:lips?|tongue|throat|face)|"
        r"(?:lips?|tongue|throat|face)(?: \w+){0,5}? (?:swell\w*|swollen|puff\w* up|swelled)|angio-?o?edema"
    ),
    "throat closing": r"throat(?: \w+){0,3}? (?:clos\w+|tight\w*|seiz\w+)|anaphyla\w+|stridor",
    "hives": r"hives|urticaria\w*|wheals|itchy (?:rash|welts)|rash all over",
    "faint": r"faint\w*|collaps\w+|pass(?:ed|ing) out|syncop\w+|black(?:ed)? out",
    "wheeze": r"wheez\w*",
    "blood vomited": (
        r"vomit\w*(?: \w+){0,3}? blood|(?:throw\w*|threw|bring\w*|brought) up(?: \w+){0,2}? blood|"
        r"h(?:a)?ematemesis|blood(?: \w+){0,2}? in ~vomit|coffee[- ]grounds?"
    ),
    "blood passed": (
        r"(?:black|tarry|bloody|maroon)(?:,? \w+)?? (?:stools?|poos?|motions?|bowel movements?|faeces)|"
        r"(?:stools?|poos?|motions?)(?: \w+){0,3}? (?:black|tarry|bloody)|mela?ena|"
        r"blood(?: \w+){0,3}? (?:in|from|with|mixed with) ~(?:stools?|poos?|motions?|back passage|bottom|rectum|"
        r"toilet bowl)|rectal bleed\w*|bleed\w* from ~(?:back passage|bottom|rectum|gut|bowels?)|"
        r"pass\w*(?: \w+){0,2}? (?:blood clots|fresh blood)(?! in ~urine)|"
        r"(?:gi|gastrointestinal) (?:bleed\w*|haemorrhage)|h(?:a)?ematochezia"
    ),
    "testicular pain": (
        r"(?:testic\w+|testis|testes|scrot\w+|ball|bollock)s?(?: \w+){0,3}? (?:pain\w*|hurts?|hurting|ache\w*|"
        r"agony|swollen|tender)|pain\w*(?: \w+){0,4}? (?:testic\w+|testis|testes|scrotum|balls?|bollocks?)\b|"
        r"testicular torsion"
    ),
    "pregnant": r"(?<!not\s)pregnan(?:t|cy)\b(?! test)|weeks' gestation|weeks gestation|gravid\w*",
    "vaginal bleeding": r"bleed\w*|spotting|h(?:a)?emorrhag\w*|(?:losing|lost|passing) blood",
    "severe pain": (
        r"(?:severe|sharp|terrible|unbearable|intense|awful|excruciating|bad|agonising|agonizing|"
        r"sudden)(?: \w+){0,2}? (?:pain\w*|cramp\w*)|"
        r"(?:pain|cramps?) (?:is|are) (?:\w+ )?(?:severe|unbearable|terrible|awful|bad)|doubled (?:up|over)"
    ),
    "suicidality": (
        r"suicid\w+|(?:kill|hang|shoot)(?:ing)? (?:my|him|her|them)sel(?:f|ves)|"
        r"end(?:ing)? (?:my|his|her|it all|their)(?: own)?(?: li(?:fe|ves))?|"
        r"tak(?:e|ing) (?:my|his|her)(?: own)? life|want\w* to (?:die|be dead)|"
        r"(?:wish\w*|rather) (?:\w+ ){0,3}?dead|better off (?:dead|without me)|"
        r"(?:don't|do not|doesn't|does not|no longer|dont) want\w* to (?:live|be alive|be here|wake up|go on)|"
        r"(?:no|not any) reason to live|harm(?:ing)? (?:my|him|her)self|self[- ]?harm\w*|"
        r"(?:want\w*|urge|going|thinking|thoughts)(?: \w+){0,3}? hurt(?:ing)? myself|overdos\w+|"
        r"cut(?:ting)? (?:my |her |his )wrists?"
    ),
    "ketones": (
        r"keto(?:nes?|nuria|sis|tic)|ketoacid\w+|\bdka\b|"
        r"breath(?: \w+){0,3}? (?:fruity|sweet|acetone|pear drops|nail varnish|nail polish)|"
        r"(?:fruity|acetone|sweet)[- ](?:smelling )?breath"
    ),
    "diabetes": r"diabet\w+|\bt1dm?\b|insulin|high (?:blood )?sugars?|sugars? (?:is|are|was) (?:\w+ )?high",
    "vomiting": r"vomit\w*|throw\w* up|threw up|being sick|can(?:'t|not) keep (?:\w+ )?down",
    "belly pain": (
        r"(?:abdominal|abdo|belly|stomach|tummy)(?: \w+)? (?:pain\w*|ache\w*|cramp\w*|hurts)|"
        r"pain in ~(?:abdomen|belly|stomach|tummy)"
    ),
    "deep breathing": (
        r"(?:deep|rapid|fast|heavy|laboured|kussmaul)(?: \w+){0,2}? breath\w*|"
        r"breathing (?:\w+ )?(?:fast|deep\w*|heav\w+)"
    ),
    "thirst": (
        r"thirst\w*|polyuri\w+|polydips\w+|pee\w* (?:all the time|constantly|a lot)|"
        r"passing (?:a lot of|lots of) urine"
    ),
    "saddle numbness": (
        r"(?:numb\w*|(?:loss of|lost|no) (?:feeling|sensation)|tingling|can't feel|"
        r"cannot feel)(?: \w+){0,3}? (?:saddle|groin|"
        r"perine\w+|genital\w*|buttocks|bottom|inner thighs|between ~legs|private parts)|"
        r"saddle (?:\w+ )?(?:numb\w*|an(?:a)?esthesia|par(?:a)?esthesia)|cauda equina"
    ),
    "back pain": (
        r"back(?: \w+){0,2}? (?:pain\w*|ache|hurts|injury)|backache|pain in ~(?:lower )?back|sciatica|"
        r"slipped dis[ck]"
    ),
    "bladder or bowel": (
        r"(?:can't|cannot|can not|unable to|could not|couldn't|not able to|trouble|difficulty) (?:pass\w*"
        r" (?:urine|water)|pee\w*|urinat\w*|wee\w*)|urinary retention|retention of urine|"
        r"(?:incontinen\w+|lost control|loss of control|losing control)(?: \w+){0,4}?|"
        r"(?:wet|soiled) (?:my|him|her)self|not passed urine|(?:can't|cannot|unable to) (?:control|"
        r"hold) ~(?:bladder|bowels?|urine|water)"
    ),
    "both legs weak": (
        r"both legs(?: \w+){0,3}? (?:weak\w*|numb\w*|giving way|heavy)|(?:weak\w*|numb\w*) in both legs|"
        r"bilateral (?:leg |lower limb )?(?:weakness|sciatica)|"
        r"legs (?:are|have gone|went|feel) (?:\w+ )?(?:weak|numb)"
    ),
    "young baby": (
        r"(?:newborn|neonate)\b|"
        r"(?:[1-9]|1[0-2]|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)[- ](?:weeks?|wks?|"
        r"days?)[- ]olds?|(?:1|2|one|two)[- ](?:months?)[- ]olds?"
    ),
}  # fmt: skip
_NAMED_ONLY = ("heart attack", "stroke named")  # names of conditions: "worried about a stroke" is no stroke
_LASTING = ("suicidality", "pregnant")  # count however long ago they began

_NUMBERS = {  # column: (what it looks like in a note, plausible from, to)
    "spo2": (
        r"(?<!target\s)(?:sp ?o2|sats?|o2 sats?|oxygen (?:sats?|saturations?|levels?)|"
        r"saturations?)(?: on air)?\W*(?:of|is|was|are|were|at|down to)?\W*(\d{2,3})\b(?! ?- ?\d)",
        40, 100,
    ),
    "systolic_bp": (
        r"\b(?:bp|blood pressure|systolic(?: bp)?|sbp)\W*(?:of|is|was|at|down to)?\W*(\d{2,3})\b",
        40, 300,
    ),
    "heart_rate": (
        r"\b(?:hr|heart ?rate|pulse(?: rate)?)\W*(?:of|is|was|at|up to)?\W*(\d{2,3})\b(?! ?%)",
        20, 300,
    ),
    "respiratory_rate": (
        r"\b(?:rr|resp(?:iratory)? rate|respirations?|breathing rate)\W*(?:of|is|was|at)?\W*(\d{1,2})\b",
        3, 80,
    ),
    "gcs": (r"\bgcs\W*(?:of|is|was|down to)?\W*(\d{1,2})\b", 3, 15),
    "temperature": (
        r"\btemp(?:erature)?\W*(?:of|is|was|at|up to)?\W*(\d{2,3}(?:\.\d+)?)|"
        r"\b(\d{2,3}(?:\.\d+)?) ?(?:°|deg\w*|celsius|c\b)",
        25, 45,
    ),
    "glucose": (r"\b(?:glucose|blood sugar|bm|sugars?)\W*(?:of|is|was|at)?\W*(\d{1,2}(?:\.\d+)?)\b", 1, 100),
}  # fmt: skip
_LIMITS = (  # finding, column, below or above, limit
    ("low oxygen", "spo2", "below", 92.0),
    ("low pressure", "systolic_bp", "below", 90.0),
    ("fast heart", "heart_rate", "above", 130.0),
    ("fast breathing", "respiratory_rate", "above", 30.0),
    ("low consciousness", "gcs", "below", 15.0),
    ("fever", "temperature", "above", 37.95),
    ("high glucose", "glucose", "above", 11.0),
    ("young baby", "age", "below", 0.25),
    ("qsofa breathing", "respiratory_rate", "above", 21.9),
    ("qsofa pressure", "systolic_bp", "below", 100.1),
)

_RULES = (  # name, conjunctions of which one must hold ("/" is or), what to do
    ("chest pain with a warning sign", ("chest pain & dyspnoea/sweating/radiation", "heart attack"),
        "Chest pain with breathlessness, sweating or radiation may be a heart attack or a clot: call emergency "
        "care and record an ECG now.",
    ),
    ("stroke sign", ("face droop", "limb weakness", "speech trouble", "stroke named"),
        "A drooping face, a weak side or disturbed speech may be a stroke: note the time of onset and call "
        "emergency care now.",
    ),
    ("thunderclap headache", ("thunderclap",),
        "A sudden, worst-ever headache may be a bleed in the brain: send to emergency care now.",
    ),
    ("meningism", ("neck stiffness & fever", "purple rash & fever"),
        "Fever with a stiff neck or a rash that does not fade may be meningitis: send to emergency care now.",
    ),
    ("low oxygen", ("low oxygen",), "An oxygen saturation below 92 % needs assessment now."),
    ("low blood pressure", ("low pressure",),
        "A systolic pressure below 90 mm[Hg] may be shock and needs assessment now.",
    ),
    ("very fast heart", ("fast heart",), "A heart rate above 130 a minute needs assessment now."),
    ("very fast breathing", ("fast breathing",), "More than 30 breaths a minute need assessment now."),
    ("altered consciousness", ("low consciousness", "confusion"),
        "New confusion or a coma score below 15 needs assessment now.",
    ),
    ("fever in a young baby", ("young baby & fever",),
        "Fever in a baby under three months may be a serious infection: send to emergency care now.",
    ),
    (
        "anaphylaxis",
        (
            "throat closing",
            "lip swelling & dyspnoea/hives/faint/wheeze/low pressure",
            "hives & dyspnoea/wheeze/faint/low pressure",
        ),
        "Swelling or hives with trouble breathing or fainting may be anaphylaxis: give first aid and call "
        "emergency care now.",
    ),
    ("gastrointestinal bleeding", ("blood vomited", "blood passed"),
        "Vomited blood or black or bloody stools may be a bleed of the gut: send to emergency care now.",
    ),
    ("testicular pain", ("testicular pain",),
        "Testicular pain may be torsion, which leaves only hours: a surgeon must see it now.",
    ),
    ("emergency in pregnancy", ("pregnant & vaginal bleeding/severe pain",),
        "Bleeding or severe pain in pregnancy needs an obstetric assessment now.",
    ),
    ("risk of suicide", ("suicidality",),
        "Thoughts or acts of self-harm were told: a person must speak with the patient now and not leave them "
        "alone.",
    ),
    (
        "possible diabetic ketoacidosis",
        (
            "ketones & diabetes/high glucose/vomiting/belly pain/deep breathing/thirst/drowsy/confusion",
            "diabetes/high glucose & vomiting/belly pain & deep breathing/thirst/drowsy/confusion",
        ),
        "Signs of diabetic ketoacidosis: measure glucose and ketones and send to emergency care now.",
    ),
    ("possible sepsis", ("qsofa",),
        "Two or more qSOFA criteria (22 breaths or more, systolic pressure of 100 mm[Hg] or less, altered "
        "mentation) may be sepsis: assess now.",
    ),
    ("possible cauda equina syndrome", ("saddle numbness", "back pain & bladder or bowel/both legs weak"),
        "Back pain with saddle numbness, weak legs or loss of bladder or bowel control may be cauda equina "
        "syndrome: image the spine today.",
    ),
)  # fmt: skip

RULE_NAMES = tuple(rule[0] for rule in _RULES)
"""Names of the red flags, in the order in which they are given."""


@cache
def _compiled() -> tuple[dict[str, re.Pattern[str]], dict[str, re.Pattern[str]]]:
    findings = {name: compiled(rf"(?<!\w)(?:{pattern})") for name, pattern in _FINDINGS.items()}
    numbers = {name: compiled(rf"(?<!\w)(?:{row[0]})") for name, row in _NUMBERS.items()}
    return findings, numbers


def _counts(finding: str, sentence: str, span: tuple[int, int]) -> bool:
    return counts(sentence, *span, name_only=finding in _NAMED_ONLY, lasting=finding in _LASTING)


@dataclass(frozen=True)
class _Read:
    """What was found in a record: finding -> its words or value."""

    found: dict[str, str]

    def holds(self, conjunction: str) -> list[str]:
        """Evidence of every part, or nothing when a part is missing."""
        evidence = []
        for part in conjunction.split(" & "):
            hit = next((self.found[name] for name in part.split("/") if name in self.found), None)
            if hit is None:
                return []
            evidence.append(hit)
        return evidence


def _words_of(record: Record) -> list[str]:
    """Every free text of a record, and its set of findings as short sentences."""
    from ...core.records import parse_set

    texts = []
    for name, value in record.items():
        if name in {"condition", "diagnosis", "label", "patient", "sex", "age_band"}:
            continue  # the truth, if it is there, and what no rule reads
        if isinstance(value, Mapping) or name == "findings" or re.match(r'\{\s*"[^"]*"\s*:', str(value)):
            yes = {"1", "yes", "true", "present"}
            texts += [f"{item}." for item, answer in parse_set(value) if answer.strip().lower() in yes]
        elif isinstance(value, str):
            texts.append(value)
    return texts


def _number(value: Any) -> float:
    try:
        return math.nan if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return math.nan


def _read(record: Record) -> _Read:
    findings, numbers = _compiled()
    found: dict[str, str] = {}
    values: dict[str, list[float]] = {name: [_number(record.get(name))] for name in (*_NUMBERS, "age")}
    for sentence in (s for text in _words_of(record) for s in plain_sentences(text)):
        for name, pattern in findings.items():
            for hit in pattern.finditer(sentence):
                if name not in found and _counts(name, sentence, hit.span()):
                    found[name] = hit.group().strip()
        for name, pattern in numbers.items():
            for hit in pattern.finditer(sentence):
                value = float(next(group for group in hit.groups() if group))
                value = (value - 32) / 1.8 if name == "temperature" and value > 90 else value
                if _NUMBERS[name][1] <= value <= _NUMBERS[name][2] and _counts(name, sentence, hit.span()):
                    values[name].append(value)
    for name, column, side, limit in _LIMITS:
        beyond = [v for v in values[column] if (v < limit if side == "below" else v > limit)]
        if beyond and name not in found:
            found[name] = f"{column} {beyond[0]:g}"
    mind = found.get("low consciousness") or found.get("confusion")
    criteria = [x for x in (found.get("qsofa breathing"), found.get("qsofa pressure"), mind) if x]
    if len(criteria) >= 2:
        found["qsofa"] = "; ".join(criteria)
    return _Read(found)


def red_flags(record: Record) -> list[Flag]:
    """Give the red flags of one record, in the order of `RULE_NAMES`; deterministic, no model is asked.

    Args:
        record: `note` and any other free text; `findings` (a set); numbers age (a), temperature (Cel), heart_rate
            (/min), systolic_bp (mm[Hg]), respiratory_rate (/min), spo2 (%), gcs ({score}), glucose (mmol/L). Vital
            signs written into the note ("BP 82/50") are read too. Anything may be missing.

    Returns:
        Flags with the words or the value each rests on; no flag does not mean that there is no danger.
    """
    read = _read(record)
    flags = []
    for name, conjunctions, message in _RULES:
        evidence = next((e for e in map(read.holds, conjunctions) if e), None)
        if evidence:
            flags.append(Flag(name, message, "; ".join(dict.fromkeys(evidence))))
    return flags
