"""Red flags on hand-written sentences: positives, negated negatives, relatives, the past, worries and typing errors.

The sentences are the project's own, and the rules were mended until all of them held: 100 % here says that the rules do
what was meant, not how they fare on other people's words.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from verticals.domains.medical.safety import RULE_NAMES, red_flags

CHEST, STROKE, HEAD, MENINGISM = "chest pain with a warning sign", "stroke sign", "thunderclap headache", "meningism"
OXYGEN, PRESSURE, FAST, BREATHS = "low oxygen", "low blood pressure", "very fast heart", "very fast breathing"
MIND, BABY, ALLERGY, BLEED = (
    "altered consciousness",
    "fever in a young baby",
    "anaphylaxis",
    "gastrointestinal bleeding",
)
TESTIS, PREGNANT, SUICIDE = "testicular pain", "emergency in pregnancy", "risk of suicide"
KETO, SEPSIS, CAUDA = "possible diabetic ketoacidosis", "possible sepsis", "possible cauda equina syndrome"

POSITIVE = [
    ("52-year-old man, crushing chest pain for an hour, sweating.", {CHEST}),
    ("I have a tight chest and I can't catch my breath.", {CHEST}),
    ("Pressure in the middle of my chest that goes into my left arm.", {CHEST}),
    ("Pain in the chest, radiating to the jaw. No fever.", {CHEST}),
    ("It feels like an elephant on my chest and I am drenched.", {CHEST}),
    ("No fever, chest pain since this morning and short of breath.", {CHEST}),
    ("Denies cough but has chest pain with diaphoresis.", {CHEST}),
    ("I have never had chest pain like this before, and I am clammy.", {CHEST}),
    ("My father had a heart attack and now I have chest pain and sweating.", {CHEST}),
    ("CP and SOB since 2 hours.", {CHEST}),
    ("Chest pian, sweaty, scared.", {CHEST}),
    ("The chest pain is not relieved by rest and she is breathless.", {CHEST}),
    ("I think I'm having a heart attack.", {CHEST}),
    ("Chest pain not only on exertion, with shortness of breath at rest.", {CHEST}),
    ("Two hour history of central chest pain, short of breath, no cough.", {CHEST}),
    ("I’ve got chest pain and I’m short of breath.", {CHEST}),
    ("Had chest pain 10 years ago. Today chest pain again with sweating.", {CHEST}),
    ("My chest hurts. My jaw hurts too.", {CHEST}),
    ("The left side of her face is drooping.", {STROKE}),
    ("Suddenly my speech was slurred.", {STROKE}),
    ("He cannot lift his right arm since breakfast.", {STROKE}),
    ("Right-sided weakness for one hour, no headache.", {STROKE}),
    ("Numbness down the left side and words come out jumbled.", {STROKE}),
    ("I couldn't speak for ten minutes.", {STROKE}),
    ("My wife says that my mouth is crooked.", {STROKE}),
    ("My mother has slurred speech since this morning.", {STROKE}),
    ("I'm scared I am having a stroke.", {STROKE}),
    ("My mother had a stroke, and today my left arm is weak.", {STROKE}),
    ("No weakness of the legs, but her face droops on one side.", {STROKE}),
    ("Worst headache of my life.", {HEAD}),
    ("A thunderclap headache while lifting weights.", {HEAD}),
    ("The headache came on all at once, like being hit on the head.", {HEAD}),
    ("Sudden severe headache, no vomiting.", {HEAD}),
    ("Fever and a stiff neck.", {MENINGISM}),
    ("High temperature, cannot bend the neck forward.", {MENINGISM}),
    ("Febrile child with a rash that does not fade under a glass.", {MENINGISM}),
    ("Temp 39.2, neck is stiff, no photophobia.", {MENINGISM}),
    ("Sats 88% on air.", {OXYGEN}),
    ("SpO2 of 90 and coughing.", {OXYGEN}),
    ("BP 82/50, cold hands.", {PRESSURE}),
    ("Blood pressure was 85 over 40.", {PRESSURE}),
    ("HR 142 and regular.", {FAST}),
    ("Pulse of 150.", {FAST}),
    ("RR 34.", {BREATHS}),
    ("GCS 13/15 on arrival.", {MIND}),
    ("She is confused and does not know what day it is.", {MIND}),
    ("Found unresponsive in bed.", {MIND}),
    ("Grandmother is not making sense since last night.", {MIND}),
    ("6-week-old with a fever.", {BABY}),
    ("Our two month old has a temperature of 38.5.", {BABY}),
    ("Stung by a wasp, lips are swollen and I'm wheezing.", {ALLERGY}),
    ("My throat is closing up after eating nuts.", {ALLERGY}),
    ("Hives all over and fainted after the antibiotic.", {ALLERGY}),
    ("Swelling of the tongue, hard to breathe.", {ALLERGY}),
    ("Vomiting blood twice today.", {BLEED}),
    ("Black tarry stools for two days.", {BLEED}),
    ("Coffee-ground vomit.", {BLEED}),
    ("Bright red blood in my stool.", {BLEED}),
    ("Melaena, no abdominal pain.", {BLEED}),
    ("Sudden pain in my left testicle.", {TESTIS}),
    ("His testicle is swollen and tender.", {TESTIS}),
    ("I am 9 weeks pregnant and bleeding.", {PREGNANT}),
    ("Pregnant, severe abdominal pain on the right.", {PREGNANT}),
    ("My wife is pregnant and has terrible cramps.", {PREGNANT}),
    ("I want to die.", {SUICIDE}),
    ("I don't want to live any more.", {SUICIDE}),
    ("He talks about ending his life.", {SUICIDE}),
    ("Took an overdose of tablets an hour ago.", {SUICIDE}),
    ("Suicidal thoughts, no plan.", {SUICIDE}),
    ("Attempted suicide two years ago, low mood.", {SUICIDE}),
    ("Diabetic, vomiting all day and very thirsty.", {KETO}),
    ("Ketones high, belly pain.", {KETO}),
    ("Type 1 on insulin, abdominal pain, breathing fast and deep.", {KETO}),
    ("Her breath smells fruity and she keeps vomiting.", {KETO}),
    ("Confused, respiratory rate 24.", {MIND, SEPSIS}),
    ("RR 26, BP 96/60, feels unwell.", {SEPSIS}),
    ("Lower back pain and numbness between my legs.", {CAUDA}),
    ("Back pain, cannot pass urine since yesterday.", {CAUDA}),
    ("Sciatica with both legs getting weak.", {CAUDA}),
    ("Saddle anaesthesia.", {CAUDA}),
    ("Central chest ache with breathlessness on minimal exertion.", {CHEST}),
    ("72F, heavy feeling in chest, nauseous, sweating profusely.", {CHEST}),
    ("Pain started in the chest and now moves up to my shoulder and jaw.", {CHEST}),
    ("Can't feel my right arm and my words are slurring.", {STROKE}),
    ("Sudden loss of speech lasting five minutes.", {STROKE}),
    ("He woke with left facial droop and arm drift.", {STROKE}),
    ("Out of the blue, an explosive headache at the back of the head.", {HEAD}),
    ("High fever, stiff neck and the light hurts.", {MENINGISM}),
    ("Pt drowsy, GCS 12.", {MIND}),
    ("O2 sats of 85% despite oxygen.", {OXYGEN}),
    ("BP is 78/40 after fluids.", {PRESSURE}),
    ("Baby, 5 weeks old, hot with a temperature of 38.3.", {BABY}),
    ("After the bee sting her face swelled and she could not breathe.", {ALLERGY}),
    ("Threw up blood this morning.", {BLEED}),
    ("Dark tarry motions and dizzy.", {BLEED}),
    ("Severe scrotal pain of sudden onset in a 15 year old.", {TESTIS}),
    ("20 weeks pregnant, bleeding since last night.", {PREGNANT}),
    ("I keep thinking about suicide.", {SUICIDE}),
    ("I took all my pills because I want to end my life.", {SUICIDE}),
    ("Known diabetic with ketones of 5, vomiting.", {KETO}),
    ("Type 1 diabetic with tummy pain and fast deep breaths.", {KETO}),
    ("Can't control my bladder and my back hurts terribly.", {CAUDA}),
    ("No feeling in the saddle area.", {CAUDA}),
    ("He is not himself, very muddled and disoriented.", {MIND}),
    ("My dad died of a heart attack and I have the same chest pain and shortness of breath.", {CHEST}),
    ("No cough. Has chest pain, worse on exertion, and is diaphoretic.", {CHEST}),
    ("Apart from no fever, everything hurts: chest pain, sweating, jaw pain.", {CHEST}),
    ("Denies fever. Reports chest tightness radiating down the left arm.", {CHEST}),
    ("Without warning, her speech became slurred.", {STROKE}),
    ("Not a smoker. Short of breath with chest pressure.", {CHEST}),
    ("Mum's face has dropped on one side and she's talking funny.", {STROKE}),
    ("I woke up and my left hand would not work.", {STROKE}),
    ("Severe pain behind the breastbone spreading into both arms.", {CHEST}),
    ("Chest tightness on walking, with breathlessness, relieved by rest.", {CHEST}),
    ("Patient reports no nausea but chest discomfort with cold sweats.", {CHEST}),
    ("55M c/o chest pain x 2h, +SOB, +diaphoresis, -fever", {CHEST}),
    ("Chest pain. Denies palpitations. Sweaty and pale.", {CHEST}),
    ("I was vomiting and there was blood in it.", {BLEED}),
    ("He passed a lot of fresh blood from the back passage.", {BLEED}),
    ("My stools have been black and sticky.", {BLEED}),
    ("The worst headache I have ever had, came on within seconds.", {HEAD}),
    ("Fever 39, headache, photophobia and neck rigidity.", {MENINGISM}),
    ("She is 32 weeks pregnant with heavy vaginal bleeding.", {PREGNANT}),
    ("I have been thinking about killing myself.", {SUICIDE}),
    ("I feel like ending it all.", {SUICIDE}),
    ("I can't go on, everyone would be better off without me.", {SUICIDE}),
    ("My throat feels tight and my tongue is swelling after peanuts.", {ALLERGY}),
    ("T1DM, missed insulin, vomiting, deep sighing breathing.", {KETO}),
    ("Numb around my bottom and can't pee.", {CAUDA}),
    ("My right testicle has been very painful since this morning.", {TESTIS}),
    ("He became disoriented overnight.", {MIND}),
    ("Oxygen level is 87 percent.", {OXYGEN}),
    ("She can't move her right side.", {STROKE}),
    ("Not feeling well, chest pain and breathless since noon.", {CHEST}),
    ("Has not been able to speak clearly since this morning.", {STROKE}),
    ("No previous heart problems, crushing central chest pain, sweating ++.", {CHEST}),
    ("Never smoked. Chest pain into jaw.", {CHEST}),
    ("Patient is without fever, has chest pain radiating to left arm.", {CHEST}),
    ("heart rate 140, bp 88/60", {FAST, PRESSURE}),
    ("No relief from chest pain, short of breath.", {CHEST}),
    ("I do not want to kill myself, I just need sleep.", {SUICIDE}),  # in doubt a person looks
]

NEGATIVE = [
    "No chest pain, no sweating.",
    "Denies chest pain, shortness of breath and sweating.",
    "Chest pain: no. Sweating: no. Slurred speech: no.",
    "Chest pain? No. Breathless? No.",
    "Chest pain but not short of breath, and no sweating.",
    "Chest pain without radiation, sweating or dyspnoea.",
    "Heartburn after meals, never had chest pain or breathlessness.",
    "She doesn't have chest pain, she isn't sweating.",
    "Short of breath and sweating, but no chest pain.",
    "No fever, cough or chest pain. Sweating in the heat.",
    "The chest pain does not radiate to the arm and I am not short of breath.",
    "He dont have chest pain, only sweating after sport.",
    "No facial droop, arm weakness or slurred speech.",
    "Speech is normal, denies weakness down one side.",
    "No weakness of the left arm.",
    "Negative for facial droop and dysarthria.",
    "Stroke was ruled out last week; tired since.",
    "Worried about a stroke after reading a magazine.",
    "Read about slurred speech and facial droop online.",
    "My mother died of a stroke.",
    "My father had slurred speech and facial droop, I feel fine.",
    "Family history of slurred speech and facial weakness with stroke.",
    "My father had a heart attack with chest pain and sweating.",
    "Brother had chest pain and shortness of breath before he died.",
    "Mild headache, not sudden, not the worst headache.",
    "No thunderclap headache.",
    "Slow headache over a week, like a band.",
    "Fever but no neck stiffness.",
    "Stiff neck after sleeping badly, no fever.",
    "No fever or neck stiffness, rash fades under glass.",
    "SpO2 98% on air, BP 128/76, HR 88, RR 16, GCS 15.",
    "Target saturations 88-92% were discussed.",
    "Not confused, alert.",
    "No confusion or drowsiness.",
    "I am confused about my medication plan.",
    "6-week-old, feeding well, no fever.",
    "Two-year-old with fever and a runny nose.",
    "Itchy hives on the arms, breathing well, no swelling of the lips.",
    "Lips are not swollen, no wheeze.",
    "Mother had anaphylaxis years ago.",
    "Vomited food, no blood.",
    "Denies vomiting blood or black stools.",
    "Stools are brown, no rectal bleeding.",
    "No testicular pain or swelling.",
    "Not pregnant, bleeding as in every period.",
    "Pregnant, no bleeding or severe pain, tired.",
    "Pregnancy test negative, bad period cramps.",
    "No suicidal thoughts.",
    "Denies self-harm or suicidal ideation.",
    "My brother committed suicide.",
    "Low mood, no thoughts of harming myself.",
    "Diabetic, no vomiting, here for a foot check.",
    "Type 2 diabetes, thirsty in summer.",
    "No ketones, glucose 6.1.",
    "Back pain, no saddle numbness, passing urine normally.",
    "Low back pain without weakness, numbness or incontinence.",
    "Back pain, denies numbness in the groin and loss of bladder control.",
    "History of chest pain and sweating 10 years ago.",
    "Come back if you develop chest pain or shortness of breath.",
    "Sprained ankle playing football.",
    "Sore throat and a runny nose for three days.",
    "Night sweats and chest discomfort: nil.",
    "No CP, SOB or palpitations.",
    "No chest pain, SOB, or diaphoresis.",
    "Denies any chest pain or trouble breathing.",
    "He has not had any chest pain and he is not sweating.",
    "There is no evidence of stroke, speech is clear.",
    "No slurring of speech, no limb weakness.",
    "Neck supple, afebrile.",
    "My mum had a stroke at 70 with left arm weakness.",
    "Grandfather died suddenly of a thunderclap headache.",
    "I have not vomited any blood.",
    "No blood in the stool or urine.",
    "She denies being suicidal and denies wanting to die.",
    "My friend attempted suicide last month.",
    "Has never felt suicidal.",
    "Chest pain absent, dyspnoea absent.",
    "Patient denies: chest pain, dyspnoea, sweating.",
    "Aunt is diabetic, I have a stomach ache.",
    "Cough with no shortness of breath, chest pain or fever.",
    "No numbness or weakness in the legs, no bladder symptoms, back pain only.",
    "He had chest pain and sweating in 2012, none since.",
    "Sweating after a run, chest is clear.",
    "BP 130/80, HR 72, sats 97%, RR 14, temp 36.8, GCS 15/15.",
    "Blood sugar 7.2, feels well.",
    "My period is heavy, I'm not pregnant.",
    "I've no difficulty breathing and no chest pain.",
    "Chest clear, no pain, not breathless.",
    "No h/o chest pain or syncope.",
    "Chest pain denied; breathing normal; no sweats.",
    "I'm not having any chest pain or shortness of breath right now.",
    "She reports no chest tightness, breathlessness or clamminess.",
    "No focal weakness, speech normal, face symmetrical.",
    "There was no facial droop and no slurred speech.",
    "My grandmother had a stroke with facial droop and slurred speech.",
    "My uncle had chest pains and sweating before his bypass.",
    "Neck is not stiff, temperature 38.5.",
    "Headache came on gradually over three days.",
    "No haematemesis or melaena.",
    "No black stools, no blood in vomit.",
    "She has never thought about suicide.",
    "He denied any thoughts of self harm or suicide.",
    "No testicular pain, dysuria only.",
    "Her sister is pregnant; she came with a sprained wrist.",
    "Type 2 diabetic, routine check, no symptoms.",
    "Back pain after lifting, bladder and bowels normal.",
    "Back pain, no leg weakness or incontinence.",
    "Alert and orientated, no confusion.",
    "Fever and cough in a six-year-old.",
    "Tongue normal, no swelling, mild itching.",
    "Saturations 99%, pulse 80, RR 14, BP 118/70.",
    "Told to come back if he gets chest pain or trouble breathing.",
    "Five years ago he had chest pain and shortness of breath.",
    "Anxious about having a stroke, no symptoms.",
    "",
]


def names(record: dict[str, object]) -> set[str]:
    return {flag.name for flag in red_flags(record)}


@pytest.mark.parametrize(("text", "expected"), POSITIVE, ids=[text for text, _ in POSITIVE])
def test_positive_sentence_raises_exactly_its_flags(text: str, expected: set[str]) -> None:
    assert names({"note": text}) == expected


@pytest.mark.parametrize("text", NEGATIVE)
def test_negated_or_foreign_sentence_raises_nothing(text: str) -> None:
    assert names({"note": text}) == set()


def test_there_are_enough_sentences_and_every_rule_has_one() -> None:
    assert len(POSITIVE) + len(NEGATIVE) >= 80
    assert set().union(*(flags for _, flags in POSITIVE)) == set(RULE_NAMES)


@pytest.mark.parametrize(
    ("column", "calm", "alarm", "flag"),
    [
        ("spo2", 92, 91, OXYGEN),
        ("systolic_bp", 90, 89, PRESSURE),
        ("heart_rate", 130, 131, FAST),
        ("respiratory_rate", 30, 31, BREATHS),
        ("gcs", 15, 14, MIND),
    ],
)
def test_a_vital_sign_counts_beyond_its_limit_only(column: str, calm: float, alarm: float, flag: str) -> None:
    assert flag not in names({"note": "unwell", column: float(calm)})
    assert names({"note": "unwell", column: np.float64(alarm)}) == {flag}


def test_note_and_numbers_are_read_together() -> None:
    assert names({"note": "neck stiffness", "temperature": 38.0}) == {MENINGISM}
    assert names({"note": "neck stiffness", "temperature": 37.9}) == set()
    assert names({"note": "brought by parents", "age": 0.2, "temperature": 38.4}) == {BABY}
    assert names({"respiratory_rate": 22.0, "systolic_bp": 100.0}) == {SEPSIS}
    assert names({"respiratory_rate": 21.0, "systolic_bp": 100.0}) == set()
    assert names({"note": "vomiting, drowsy", "glucose": 28.0}) == {KETO}


def test_missing_values_and_odd_types_raise_nothing() -> None:
    assert names({"note": None, "spo2": math.nan, "heart_rate": None, "gcs": "", "age": True}) == set()


def test_a_set_of_findings_is_read_by_its_answers() -> None:
    findings = '{"chest pain": "yes", "sweating": "yes", "slurred speech": "no", "fever": "unsure"}'
    assert names({"findings": findings}) == {CHEST}
    assert names({"findings": "chest pain=no; sweating=yes"}) == set()


def test_a_note_may_begin_with_a_brace() -> None:
    assert names({"note": "{copied} chest pain, sweating"}) == {CHEST}


def test_the_true_label_is_never_read() -> None:
    assert names({"note": "tired", "condition": "diabetic ketoacidosis, vomiting, suicidal"}) == set()


def test_a_flag_names_its_evidence_and_one_sentence() -> None:
    (flag,) = red_flags({"note": "Crushing chest pain. He is sweating."})
    assert flag.evidence == "crushing chest pain; sweating"
    assert flag.message.count(".") == 1
    assert flag.message.endswith(".")
    (low,) = red_flags({"note": "tired", "spo2": 88.0})
    assert low.evidence == "spo2 88"
