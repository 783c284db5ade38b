"""What the simulator knows: conditions with what they cause, and findings with the words that tell of them.

    appendicitis
        seen: 8 4 2; women 0.8; lasts 5 7 0.5
        causes: stomach pain 84, lower right pain 58, …
        shifts: temperature .9, heart_rate 13, …

The numbers are the order of magnitude of textbooks, made up for software tests: they are no source of medical
knowledge.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["CONDITIONS", "FINDINGS", "KNOWN", "Condition", "Finding"]

# What is known of each condition. seen: incidence weight at 18-39, 40-64 and 65+ years; women: how much likelier in
# women; lasts: weight of hours, days and weeks; causes: per cent of the patients in whom it causes a finding; shifts:
# of a number in a severe case, on its scale (a mild case has less of it); gcs: chance of a coma score below 15.
_CONDITIONS = """
acute coronary syndrome
    seen: 1 8 11; women 0.6; lasts 7 3 1
    causes: chest pain 82, radiation 45, short of breath 42, sweating 48, nausea 32, palpitations 14, fear 25,
            dizziness 20, heartburn 15, fatigue 18, vomiting 10
    shifts: heart_rate 10, systolic_bp -8, respiratory_rate 2, troponin 3.6, glucose .12, white_cells .15, spo2 .2
pulmonary embolism
    seen: 3 5 7; women 1.1; lasts 4 5 2
    causes: chest pain 48, pleuritic pain 48, short of breath 76, cough 28, blood in sputum 12, calf swelling 32,
            palpitations 26, dizziness 24, sweating 18, fear 26, fever 10
    shifts: heart_rate 28, systolic_bp -14, respiratory_rate 7, spo2 .85, troponin 1.2, crp 1.2, temperature .4
pneumonia
    seen: 3 5 10; women 0.9; lasts 1 7 3
    causes: cough 80, sputum 56, fever 68, chills 40, short of breath 58, pleuritic pain 30, fatigue 40, confusion 12,
            muscle aches 22, headache 14, blood in sputum 6, vomiting 8
    shifts: temperature 1.6, heart_rate 20, respiratory_rate 7, spo2 .8, crp 3.4, white_cells .65, systolic_bp -10,
            gcs .15
acute bronchitis
    seen: 6 6 5; women 1; lasts 1 6 4
    causes: cough 92, sputum 52, fever 22, short of breath 24, wheeze 28, sore throat 32, runny nose 36, fatigue 28,
            chest pain 14, muscle aches 16, headache 12
    shifts: temperature .5, heart_rate 5, respiratory_rate 2, spo2 .2, crp 1.3, white_cells .15
influenza
    seen: 8 6 5; women 1; lasts 2 8 1
    causes: fever 78, chills 48, muscle aches 68, headache 52, cough 66, sore throat 42, runny nose 40, fatigue 60,
            nausea 16, vomiting 10, short of breath 12, light hurts 10
    shifts: temperature 2.0, heart_rate 18, respiratory_rate 2, spo2 .1, crp 1.4, white_cells -.25
heart failure
    seen: 0.5 4 12; women 0.9; lasts 1 4 6
    causes: short of breath 84, worse lying flat 52, ankle swelling 56, fatigue 42, cough 32, wheeze 16, palpitations
            18, chest pain 12, dizziness 12, sputum 12
    shifts: heart_rate 16, respiratory_rate 7, spo2 .8, troponin 1.4, systolic_bp 12, crp .6
asthma exacerbation
    seen: 8 5 3; women 1.3; lasts 4 6 1
    causes: short of breath 82, wheeze 74, cough 60, chest pain 20, fear 22, runny nose 24, sputum 18, palpitations 12
    shifts: heart_rate 24, respiratory_rate 9, spo2 .75, crp .3, white_cells .1
gastro-oesophageal reflux
    seen: 5 8 5; women 1; lasts 3 4 5
    causes: heartburn 68, acid taste 46, chest pain 52, nausea 22, cough 22, stomach pain 24, radiation 8, sore throat
            10, worse lying flat 18, vomiting 6
    shifts: heart_rate 0
panic attack
    seen: 9 5 1; women 1.6; lasts 8 2 2
    causes: fear 70, palpitations 66, short of breath 56, chest pain 46, tingling 44, sweating 42, dizziness 46,
            nausea 20, radiation 8, chills 10
    shifts: heart_rate 28, respiratory_rate 9, systolic_bp 12, spo2 -.4
gastroenteritis
    seen: 9 5 4; women 1; lasts 4 7 1
    causes: diarrhoea 76, vomiting 62, nausea 62, stomach pain 58, fever 30, muscle aches 16, chills 16, headache 14,
            dizziness 14, fatigue 22
    shifts: temperature .7, heart_rate 14, systolic_bp -10, crp 1.5, white_cells .2
appendicitis
    seen: 8 4 2; women 0.8; lasts 5 7 0.5
    causes: stomach pain 84, lower right pain 58, nausea 54, vomiting 42, fever 36, loss of appetite 52, diarrhoea 14,
            passing water often 6, chills 10
    shifts: temperature .9, heart_rate 13, crp 2.6, white_cells .6
pyelonephritis
    seen: 6 4 5; women 2.5; lasts 2 8 1
    causes: flank pain 66, burning urine 56, passing water often 52, fever 66, chills 46, nausea 32, vomiting 26,
            stomach pain 32, confusion 6, fatigue 20, lower right pain 10
    shifts: temperature 1.9, heart_rate 20, systolic_bp -12, crp 3.2, white_cells .6, respiratory_rate 2, gcs .06
diabetic ketoacidosis
    seen: 4 3 2; women 1; lasts 3 7 2
    causes: thirst 66, passing water often 50, vomiting 54, nausea 48, stomach pain 46, short of breath 32, fatigue
            52, weight loss 36, confusion 16, dizziness 14, loss of appetite 14
    shifts: glucose 1.6, heart_rate 26, respiratory_rate 9, systolic_bp -14, white_cells .4, temperature -.2, gcs .25
migraine
    seen: 9 6 1.5; women 2.2; lasts 6 4 2
    causes: headache 94, light hurts 66, nausea 58, vomiting 32, visual aura 34, dizziness 20, tingling 18, one-sided
            weakness 6, slurred speech 6, neck stiffness 12, fatigue 14
    shifts: heart_rate 3, systolic_bp 5
meningitis
    seen: 5 3 3; women 0.9; lasts 4 7 0.5
    causes: headache 80, fever 74, neck stiffness 60, light hurts 50, vomiting 40, confusion 30, chills 32, nausea 32,
            rash 20, muscle aches 26, fatigue 22
    shifts: temperature 2.0, heart_rate 24, crp 3.2, white_cells .6, systolic_bp -8, respiratory_rate 3, gcs .5
stroke
    seen: 0.7 4 11; women 0.9; lasts 9 3 1
    causes: one-sided weakness 68, slurred speech 54, headache 24, confusion 26, dizziness 32, visual aura 16,
            tingling 28, vomiting 10, nausea 10, fatigue 6
    shifts: systolic_bp 28, heart_rate 4, glucose .15, gcs .5
"""

# Finding, with the finding that it is a kind of behind a "<" (who has it, has that too); system and per cent of people
# who have it by chance; names (after "no", "denies", "has"); whole sentences. An indented line belongs to the one above.
_FINDINGS_TEXT = """
chest pain; chest 3; chest pain|chest tightness|pain in the chest|chest discomfort|pressure on the chest;
    my chest hurts|it feels like a weight on my chest
radiation < chest pain; chest 1; radiation to the arm|pain in the left arm|jaw pain;
    the pain goes into the left arm|it spreads up to the jaw
pleuritic pain < chest pain; chest 2; pain on breathing in|pleuritic pain|stabbing pain with each breath;
    it stabs when breathing in deeply|sharp pain when taking a breath
short of breath; chest 4; shortness of breath|breathlessness|dyspnoea|difficulty breathing|SOB;
    cannot get enough air|out of breath on the stairs
worse lying flat < short of breath; chest 2; orthopnoea|trouble lying flat|need to sleep propped up;
    has to sleep sitting up|lying down makes it worse
palpitations; chest 4; palpitations|a racing heart|heart pounding; heart keeps pounding|the heart is beating very fast
sweating; chest 4; sweating|cold sweat|clamminess|diaphoresis; broke out in a sweat|skin is cold and damp
fear; chest 4; anxiety|a feeling of dread|panic|fear of dying;
    feels that something terrible is about to happen|very frightened by it
wheeze; air 2; wheeze|wheezing|whistling breathing; the chest whistles when breathing out
cough; air 8; cough|coughing|a cough; keeps coughing, worse at night|cannot stop coughing
sputum < cough; air 3; sputum|phlegm|green mucus; brings up thick phlegm
blood in sputum < cough; air 0.5; haemoptysis|blood in the sputum|coughing up blood; spots of blood on coughing
sore throat; air 4; sore throat|throat pain; it hurts to swallow|throat is raw
runny nose; air 6; runny nose|nasal congestion|a blocked nose; nose is streaming
fever; infection 4; fever|high temperature|pyrexia|a temperature; felt very hot last night|burning up since yesterday
chills < fever; infection 2; chills|rigors|shivering|shaking chills; cannot stop shivering
muscle aches; infection 5; muscle aches|myalgia|body aches|aching limbs; every muscle aches
fatigue; infection 12; fatigue|tiredness|exhaustion|lethargy; completely worn out|no energy at all
rash; infection 2; rash|spots on the skin|a skin rash; new dark spots on the legs
headache; head 8; headache|head pain|a bad headache; the head is pounding|head hurts badly
light hurts < headache; head 2; photophobia|sensitivity to light|pain from bright light; has to lie in a dark room
neck stiffness; head 3; neck stiffness|stiff neck|neck pain; cannot bend the neck forward
visual aura; head 1; visual disturbance|zigzag lines|blurred vision|flashing lights;
    part of the field of view went missing
one-sided weakness; head 0.7; weakness of one arm|one-sided weakness|weakness down one side|arm weakness;
    one arm went limp|the right hand drops things
slurred speech; head 0.7; slurred speech|speech difficulty|trouble finding words;
    words come out wrong|speech was not clear
confusion; head 1; confusion|disorientation|muddled thinking; does not know what day it is|not making sense at times
tingling; head 4; tingling|pins and needles|numb fingers; the fingers and lips tingle
dizziness; head 7; dizziness|light-headedness|feeling faint; the room spins|nearly fainted
nausea; abdomen 7; nausea|feeling sick|queasiness; feels sick to the stomach
vomiting; abdomen 4; vomiting|being sick|throwing up; threw up several times|cannot keep anything down
diarrhoea; abdomen 4; diarrhoea|loose stools|watery stools; has been to the toilet ten times with watery stool
stomach pain; abdomen 5; abdominal pain|stomach pain|tummy ache|belly cramps; the stomach cramps badly|belly is sore
lower right pain < stomach pain; abdomen 1; pain low on the right side|right iliac fossa pain|right lower abdominal pain;
    the pain has moved to the lower right
loss of appetite; abdomen 6; loss of appetite|poor appetite|being off food; cannot face food
heartburn; abdomen 5; heartburn|burning behind the breastbone|burning after meals; it burns after eating
acid taste < heartburn; abdomen 2; acid regurgitation|a sour taste in the mouth|acid reflux; acid comes up into the throat
burning urine; urine 2; dysuria|burning on passing urine|painful urination; it stings to pee
passing water often; urine 5; urinary frequency|passing urine often|polyuria;
    up all night to pee|in the toilet every half hour to pee
flank pain; urine 3; flank pain|loin pain|pain in the side of the back; one side of the back is very sore
thirst; urine 4; thirst|excessive thirst|a very dry mouth; drinks litres of water and is still thirsty
weight loss; urine 2; weight loss|losing weight; clothes have become loose
ankle swelling; legs 4; ankle swelling|swollen ankles|leg oedema; shoes no longer fit, both ankles are puffy
calf swelling; legs 1.5; calf swelling|a swollen calf|pain in one calf; one leg is bigger than the other
"""


@dataclass(frozen=True)
class Finding:
    """What a patient may notice, and how it is told."""

    part_of: str
    """The finding that it implies; "" where there is none."""
    system: str
    chance: float
    names: tuple[str, ...]
    sentences: tuple[str, ...]


def _parse_findings(text: str) -> dict[str, Finding]:
    found = {}
    for line in text.replace("\n    ", " ").strip().splitlines():
        said, likely, names, sentences = line.split("; ")
        name, _, wider = said.partition(" < ")
        system, chance = likely.split()
        found[name] = Finding(wider, system, float(chance) / 100, tuple(names.split("|")), tuple(sentences.split("|")))
    return found


@dataclass(frozen=True)
class Condition:
    """One label: how often it is seen, and what it does."""

    seen: tuple[float, ...]
    women: float
    lasts: tuple[float, ...]
    causes: dict[str, float]
    shifts: dict[str, float]


def _amounts(text: str) -> dict[str, float]:
    return {name: float(value) for name, value in (part.rsplit(" ", 1) for part in text.split(", "))}


def _parse_conditions(text: str) -> dict[str, Condition]:
    found = {}
    for block in re.split(r"\n(?! )", text.strip()):
        name, seen, causes, shifts = re.split(r"\n    (?=[a-z])", block)
        weights = [tuple(map(float, re.findall(r"[\d.]+", part))) for part in seen.split(";")]
        amounts = [_amounts(" ".join(part.split(": ")[1].split())) for part in (causes, shifts)]
        found[name] = Condition(weights[0], weights[1][0], weights[2], *amounts)
    return found


KNOWN = _parse_conditions(_CONDITIONS)
FINDINGS = _parse_findings(_FINDINGS_TEXT)

CONDITIONS = tuple(KNOWN)
"""The labels, in the order of the columns of `true_probabilities`."""
