"""Simulated pupils' questions, in pupils' words, for a task that must run where no records are at hand.

Every entry of the course bank has its own phrasings in `questions.jsonl`; most of them describe the trouble and do not
name the idea. A phrasing is a *template*: numbers are drawn for its slots, everyday frames are put round it, and it is
typed the way pupils type. The column `template` names it, so that a split can keep every phrasing on one side and a
test row always holds a phrasing that was not trained on.

The column `style` says how much the pupil helps: `bare` is the phrasing alone (often too little for anyone),
`class word` adds what the class calls the matter ("its the top heavy stuff"), and `named` adds the heading of the
lesson. Class words and headings recur in all parts of a split, as they do in a school; a report sets the three styles
side by side. One row:

    question     hey, i added the tops and the bottoms and got 2/5 why is that worng
    grade        6
    explanation  add-fractions
    skill        fractions
    style        bare
    template     add-fractions/0
    pupil        grade-6-014
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .readers import bank_rows, class_words, phrasings

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["simulate", "simulate_unanswerable"]

COLUMNS = ("question", "grade", "explanation", "skill", "style", "template", "pupil")
PREFIXES = (
    "hi, ",
    "hey ",
    "hello, ",
    "um ",
    "sorry but ",
    "quick question: ",
    "im stuck. ",
    "i dont get this: ",
    "please help, ",
    "for my homework: ",
    "my sister asked me and i didnt know: ",
    "we did this on tuesday but ",
    "so ",
    "ok so ",
    "page 12, ",
    "i was ill when we did it. ",
    "can you explain this? ",
    "question 4 b) ",
)
SUFFIXES = (
    "?",
    "??",
    " pls help",
    " please",
    " thanks",
    " test is tomorrow",
    " i dont get it",
    " can you explain",
    " :(",
    " help",
    " my teacher went too fast",
    " and why",
    ", any idea",
    " lol",
    " i have to hand it in today",
)
SPOKEN = {
    "you": "u",
    "your": "ur",
    "are": "r",
    "because": "cuz",
    "please": "plz",
    "with": "wiv",
    "what": "wot",
    "though": "tho",
    "something": "smth",
    "don't": "dont",
    "and": "n",
    "the": "da",
    "why": "y",
    "number": "nr",
    "numbers": "numbas",
    "question": "q",
}
MENTIONS = (
    "{text}, its about {name}",
    "{text} ({name})",
    "{name}: {text}",
    "we are doing {name}. {text}",
    "with {name}, {text}",
    "{text}. its in the bit on {name}",
    "i missed {name}, {text}",
    "{text}, its the {name} homework",
)
STYLES = {"bare": 0.2, "class word": 0.5, "named": 0.3}
"""Share of each style among the questions; an assumption, not a measurement."""
OFF_TOPIC = (
    "who won the world cup in {d}",
    "what should i wear to the school party",
    "how do i get past level {c} in the game with the blocks",
    "who was the first king of england",
    "can you write a poem about my cat",
    "when did the second world war end",
    "what time does the canteen open",
    "do you like me",
    "whats the best phone to buy",
    "tell me a joke",
    "how do i say good morning in japanese",
    "which team is better, red or blue",
    "my friend is not talking to me any more",
    "who painted the mona lisa",
    "is there football practice on friday",
    "how do you bake banana bread",
    "what is the capital of peru",
    "summarise chapter {a} of the novel we read in class",
    "how long do hamsters live",
    "can i have my phone back",
    "what did the romans eat for breakfast",
    "where do i put a comma in a letter",
    "what is the past tense of to go",
    "who is the singer in that new song",
    "my locker key is lost who do i tell",
    "what happens at the end of the film",
    "write my history essay about the french revolution",
    "how do i draw a horse",
    "what is a metaphor",
    "are you a robot",
)


def _numbers(generator: np.random.Generator) -> dict[str, int]:
    """Values for the slots: a and b differ and are below 10, c is below 50 and d below 100."""
    a, b = (int(v) for v in generator.choice(range(2, 10), size=2, replace=False))
    return {"a": a, "b": b, "c": int(generator.integers(11, 50)), "d": int(generator.integers(50, 100))}


def _fill(phrasing: str, numbers: dict[str, int]) -> str:
    """Put numbers into slots such as {a}, {a+b} and {a*b}."""

    def value(match: re.Match[str]) -> str:
        left, operator, right = match.groups()
        if operator is None:
            return str(numbers[left])
        first, second = numbers[left], numbers[right]
        return str(first + second if operator == "+" else first * second)

    return re.sub(r"\{([abcd])(?:([+*])([abcd]))?\}", value, phrasing)


def _mistype(word: str, generator: np.random.Generator) -> str:
    """Swap, drop or double one inner letter of a word of four letters or more; leave everything else alone."""
    if len(word) < 4 or not word.isalpha():
        return word
    at = int(generator.integers(1, len(word) - 1))
    kind = generator.integers(3)
    if kind == 0 and at + 1 < len(word):
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[:at] + word[at + 1 :]
    return word[:at] + word[at] + word[at:]


def _type(phrasing: str, generator: np.random.Generator, name: str = "") -> str:
    """One pupil's way of writing a phrasing: numbers, the matter's name, frame, slang, slips, capitals."""
    text = _fill(phrasing, _numbers(generator))
    if name:
        text = MENTIONS[generator.integers(len(MENTIONS))].format(text=text, name=name)
    slang, sloppy = generator.random() < 0.3, generator.random() < 0.5
    words = []
    for word in text.split(" "):
        if slang and generator.random() < 0.6:
            word = SPOKEN.get(word, word)
        if sloppy and generator.random() < 0.1:
            word = _mistype(word, generator)
        words.append(word)
    text = " ".join(words)
    if generator.random() < 0.45:
        text = PREFIXES[generator.integers(len(PREFIXES))] + text
    if generator.random() < 0.4:
        text = text.rstrip("? ") + SUFFIXES[generator.integers(len(SUFFIXES))]
    return text[:1].upper() + text[1:] if generator.random() < 0.35 else text


def _grade(band: str, generator: np.random.Generator) -> int:
    """Draw a grade of the band, now and then one beside it."""
    low, high = (int(part) for part in band.split("-"))
    grade = int(generator.integers(low, high + 1))
    return int(min(10, max(4, grade + generator.choice((-1, 1))))) if generator.random() < 0.1 else grade


def simulate(rows: int, seed: int) -> pd.DataFrame:
    """Draw questions that the course bank answers.

    Templates take turns, so each of them comes up equally often (within one row).

    Args:
        rows: how many questions, 0 or more.
        seed: the same seed gives the same rows.

    Returns:
        (rows, 7) frame: question, grade ("4" to "10", missing in one row of five), explanation (id in the bank), skill,
        style (see STYLES), template (bank id and number of the phrasing), pupil (always of one grade).
    """
    import numpy as np
    import pandas as pd

    generator = np.random.default_rng(seed)
    bank = {entry["id"]: entry for entry in bank_rows()}
    words = class_words()
    templates = [(name, at, text) for name, texts in phrasings().items() for at, text in enumerate(texts)]
    rounds = -(-rows // len(templates))
    order = [int(i) for _ in range(rounds) for i in generator.permutation(len(templates))][:rows]
    per_grade = max(1, rows // 40)
    records = []
    for index in order:
        name, at, text = templates[index]
        entry = bank[name]
        grade = _grade(entry["grades"], generator)
        style = str(generator.choice(list(STYLES), p=list(STYLES.values())))
        known = {"bare": [""], "class word": words[name], "named": [entry["title"].lower()]}[style]
        records.append(
            {
                "question": _type(text, generator, known[generator.integers(len(known))]),
                "grade": None if generator.random() < 0.2 else str(grade),
                "explanation": name,
                "skill": entry["skill"],
                "style": style,
                "template": f"{name}/{at}",
                "pupil": f"grade-{grade}-{int(generator.integers(per_grade)):03d}",
            }
        )
    return pd.DataFrame(records, columns=list(COLUMNS)).astype("str")


def simulate_unanswerable(rows: int, seed: int) -> pd.DataFrame:
    """Draw questions that have no answer in the course bank: other subjects, school life, small talk.

    They are never trained on; they show whether a tutor holds its tongue.

    Returns:
        (rows, 7) frame with the columns of `simulate`; explanation is missing, skill is "off topic".
    """
    import numpy as np
    import pandas as pd

    generator = np.random.default_rng(seed)
    records = []
    for number in range(rows):
        at = number % len(OFF_TOPIC)
        grade = int(generator.integers(4, 11))
        records.append(
            {
                "question": _type(OFF_TOPIC[at], generator),
                "grade": str(grade),
                "explanation": None,
                "skill": "off topic",
                "style": "bare",
                "template": f"off-topic/{at}",
                "pupil": f"grade-{grade}-{int(generator.integers(99)):03d}",
            }
        )
    return pd.DataFrame(records, columns=list(COLUMNS)).astype("str")
