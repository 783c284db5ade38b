"""Skills of school mathematics, items that are drawn for them, and the misconceptions that give their wrong answers.

    add-fractions   "What is 1/2 + 1/3?"   right 5/6   adds-tops-and-bottoms 2/5

Each misconception is a rule that turns an item's numbers into the answer a pupil with that idea writes down. They are
known from the literature: column subtraction from Brown and Burton (1978), fractions, ratio and letters from Hart et
al. (1981), decimals from Stacey and Steinle (1998), algebra from Matz (1982). How often each is held is an
assumption (attempts.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np

__all__ = ["MISCONCEPTIONS", "SKILLS", "Misconception", "Numbers", "Skill", "same_answer"]

Numbers: TypeAlias = Mapping[str, int]
"""The numbers of one item by name."""


@dataclass(frozen=True)
class Skill:
    """One skill, its place in the course, and the parameters of Bayesian knowledge tracing (Corbett & Anderson 1995)."""

    name: str
    explanation: str
    """Id of the bank entry that teaches it."""
    templates: tuple[str, ...]
    """Ways to ask; {a}, {b}, ... are the item's numbers."""
    ranges: Mapping[str, tuple[int, int]]
    """Smallest and largest value of each number."""
    answer: Callable[[Numbers], str]
    """The right answer."""
    needs: tuple[str, ...] = ()
    """Skills that must be known before it can be learnt."""
    fits: Callable[[Numbers], bool] = lambda n: True
    """Numbers that make a fair item."""
    difficulty: float = 0.0
    """On the scale of ability (Rasch 1960); a pupil of ability 0 knows a skill of 0 beforehand with probability 0.5."""
    learn: float = 0.2
    """P(T): chance to learn it at one attempt, in (0, 1)."""
    guess: float = 0.1
    """P(G): chance of a right answer without knowing it or following a misconception, in [0, 0.3]."""
    slip: float = 0.07
    """P(S): chance of a wrong answer although it is known, in [0, 0.1]."""

    def drawn(self, generator: np.random.Generator) -> dict[str, int]:
        """Numbers of one item."""
        while True:
            numbers = {name: int(generator.integers(low, high + 1)) for name, (low, high) in self.ranges.items()}
            if self.fits(numbers):
                return numbers


@dataclass(frozen=True)
class Misconception:
    """A wrong idea that can be followed."""

    name: str
    skill: str
    idea: str
    """What the pupil thinks, in one line."""
    answer: Callable[[Numbers], str]
    """What a pupil with this idea answers; on some numbers it is right by chance."""


def same_answer(left: str, right: str) -> bool:
    """Whether two answers have the same value (2/4 and 1/2, 0.50 and 0.5) or, where they are no numbers, the same text."""
    try:
        return Fraction(left) == Fraction(right)
    except (ValueError, ZeroDivisionError):
        return left.replace(" ", "") == right.replace(" ", "")


# Ways to write and to work ---------------------------------------------------------------------------------------------


def _over(top: int, bottom: int) -> str:
    """A fraction in lowest terms; whole numbers without a line."""
    return str(Fraction(top, bottom))


def _decimal(value: int, places: int) -> str:
    """value / 10**places, without zeros at the end."""
    sign, digits = "-" if value < 0 else "", str(abs(value)).rjust(places + 1, "0")
    text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return sign + (text.rstrip("0").rstrip(".") if "." in text else text)


def _digitwise(a: int, b: int) -> str:
    """Column by column the smaller digit from the larger one."""
    top, low = str(a), str(b).rjust(len(str(a)), "0")
    return str(int("".join(str(abs(int(x) - int(y))) for x, y in zip(top, low, strict=True))))


def _no_decrement(a: int, b: int) -> str:
    """Ten is added to a column that is too small, but nothing is taken from the next one."""
    top, low = str(a), str(b).rjust(len(str(a)), "0")
    digits = [(int(x) - int(y)) % 10 for x, y in zip(top, low, strict=True)]
    return str(int("".join(map(str, digits))))


def _no_carry(a: int, b: int) -> str:
    """Column sums without a carry."""
    high, low = str(max(a, b)), str(min(a, b)).rjust(len(str(max(a, b))), "0")
    return str(int("".join(str((int(x) + int(y)) % 10) for x, y in zip(high, low, strict=True))))


def _all_written(a: int, b: int) -> str:
    """Column sums written in full side by side."""
    high, low = str(max(a, b)), str(min(a, b)).rjust(len(str(max(a, b))), "0")
    return "".join(str(int(x) + int(y)) for x, y in zip(high, low, strict=True))


def _term(number: int, letter: str) -> str:
    return {0: "0", 1: letter, -1: f"-{letter}"}.get(number, f"{number}{letter}")


def _sum(number: int, letter: str, rest: int) -> str:
    """Such as 3x - 4."""
    if rest == 0:
        return _term(number, letter)
    return f"{_term(number, letter)} {'+' if rest > 0 else '-'} {abs(rest)}"


def _decimals(n: Numbers) -> tuple[str, str]:
    return f"0.{n['a']}", f"0.{n['b']}{n['c']}"


def _longer(n: Numbers) -> str:
    return _decimals(n)[1]


def _shorter(n: Numbers) -> str:
    return _decimals(n)[0]


def _larger(n: Numbers) -> str:
    return max(_decimals(n), key=float)


def _mean(n: Numbers, count: int = 3) -> str:
    return _over(n["a"] + n["b"] + n["c"], count)


# The course ----------------------------------------------------------------------------------------------------------

SKILLS = (
    Skill("addition", "column-addition", ("What is {a} + {b}?", "Add {a} and {b}."), {"a": (24, 89), "b": (17, 88)},
          lambda n: str(n["a"] + n["b"]), fits=lambda n: n["a"] % 10 + n["b"] % 10 > 9, difficulty=-2.0, learn=0.3),
    Skill("subtraction", "column-subtraction", ("What is {a} - {b}?", "Take {b} away from {a}."),
          {"a": (41, 98), "b": (12, 79)}, lambda n: str(n["a"] - n["b"]), ("addition",),
          lambda n: n["a"] // 10 > n["b"] // 10 and n["a"] % 10 < n["b"] % 10, -1.5),
    Skill("multiplication", "long-multiplication", ("What is {a} × {b}?", "Multiply {a} by {b}."),
          {"a": (12, 48), "b": (12, 48)}, lambda n: str(n["a"] * n["b"]), ("addition",),
          lambda n: n["a"] % 10 > 0 and n["b"] % 10 > 0, -1.0),
    Skill("order of operations", "order-of-operations", ("What is {a} + {b} × {c}?", "Work out {a} + {b} × {c}."),
          {"a": (2, 12), "b": (2, 9), "c": (2, 9)}, lambda n: str(n["a"] + n["b"] * n["c"]), ("multiplication",),
          difficulty=-0.5, learn=0.3),
    Skill("negative sums", "negative-add", ("What is -{a} - {b}?", "Start at -{a} and take away {b}."),
          {"a": (2, 12), "b": (2, 12)}, lambda n: str(-n["a"] - n["b"]), ("subtraction",), difficulty=-0.3),
    Skill("negative products", "negative-multiply", ("What is (-{a}) × (-{b})?", "Multiply -{a} by -{b}."),
          {"a": (2, 9), "b": (2, 9)}, lambda n: str(n["a"] * n["b"]), ("negative sums", "multiplication"),
          difficulty=0.0, learn=0.3),
    Skill("comparing decimals", "compare-decimals",
          ("Which is larger, 0.{a} or 0.{b}{c}?", "Write down the larger of 0.{a} and 0.{b}{c}."),
          {"a": (1, 9), "b": (0, 9), "c": (1, 9)}, _larger, difficulty=-1.0, guess=0.3),
    Skill("adding decimals", "add-decimals", ("What is {p} + 0.{b}{c}?", "Add 0.{b}{c} to {p}."),
          {"p": (2, 9), "b": (1, 9), "c": (1, 9)}, lambda n: _decimal(100 * n["p"] + 10 * n["b"] + n["c"], 2),
          ("addition", "comparing decimals"), difficulty=-0.8),
    Skill("multiplying decimals", "multiply-decimals", ("What is 0.{a} × 0.{b}?", "Multiply 0.{a} by 0.{b}."),
          {"a": (2, 9), "b": (2, 9)}, lambda n: _decimal(n["a"] * n["b"], 2), ("adding decimals", "multiplication"),
          difficulty=0.3),
    Skill("adding fractions", "add-fractions", ("What is 1/{a} + 1/{b}?", "Add 1/{a} and 1/{b}."),
          {"a": (2, 9), "b": (2, 9)}, lambda n: _over(n["a"] + n["b"], n["a"] * n["b"]), ("multiplication",),
          lambda n: n["a"] != n["b"], 0.2),
    Skill("fraction of an amount", "fraction-of-amount", ("What is {k}/{a} of {N}?", "Find {k}/{a} of {N}."),
          {"k": (2, 4), "a": (3, 6), "m": (2, 9), "N": (6, 54)}, lambda n: str(n["N"] // n["a"] * n["k"]),
          ("multiplication",), lambda n: n["N"] == n["a"] * n["m"] and n["k"] < n["a"], -0.2),
    Skill("dividing fractions", "divide-fractions", ("What is {a}/{b} ÷ {c}/{d}?", "Divide {a}/{b} by {c}/{d}."),
          {"a": (1, 5), "b": (2, 6), "c": (2, 5), "d": (3, 7)}, lambda n: _over(n["a"] * n["d"], n["b"] * n["c"]),
          ("adding fractions",), lambda n: n["a"] < n["b"] and n["c"] < n["d"], 0.6, 0.25, 0.05),
    Skill("percentage of an amount", "percent-of", ("What is {p} % of {N}?", "Work out {p} % of {N}."),
          {"p": (2, 40), "N": (20, 400)}, lambda n: _over(n["p"] * n["N"], 100), ("fraction of an amount",),
          lambda n: n["p"] * n["N"] % 100 == 0 and n["p"] != 10, 0.2),
    Skill("percentage increase", "percent-change", ("{N} grows by {p} %. What is it then?", "Raise {N} by {p} %."),
          {"p": (5, 40), "N": (20, 400)}, lambda n: _over((100 + n["p"]) * n["N"], 100), ("percentage of an amount",),
          lambda n: n["p"] * n["N"] % 100 == 0, 0.5),
    Skill("scaling a recipe", "recipe-scaling",
          ("{a} people need {b} eggs. How many do {c} people need?", "For {a} people take {b} eggs; for {c} people?"),
          {"a": (2, 6), "b": (2, 9), "c": (4, 18)}, lambda n: str(n["b"] * n["c"] // n["a"]), ("multiplication",),
          lambda n: n["c"] > n["a"] != n["b"] and n["b"] * n["c"] % n["a"] == 0, 0.1),
    Skill("powers", "powers-meaning", ("What is {a}^{b}?", "Work out {a} to the power of {b}."),
          {"a": (2, 6), "b": (2, 4)}, lambda n: str(n["a"] ** n["b"]), ("multiplication",), difficulty=0.0, learn=0.3),
    Skill("like terms", "like-terms", ("Simplify {a}x + {b} + {c}x.", "Write {a}x + {b} + {c}x as short as possible."),
          {"a": (2, 9), "b": (2, 9), "c": (2, 9)}, lambda n: _sum(n["a"] + n["c"], "x", n["b"]), ("negative sums",),
          difficulty=0.4),
    Skill("substitution", "substitution", ("What is {a}n for n = {b}?", "Let n = {b}. What is {a}n?"),
          {"a": (2, 9), "b": (2, 9)}, lambda n: str(n["a"] * n["b"]), ("multiplication",), difficulty=0.0, learn=0.35),
    Skill("expanding brackets", "expand-bracket", ("Expand {a}(x + {b}).", "Write {a}(x + {b}) without brackets."),
          {"a": (2, 9), "b": (2, 9)}, lambda n: _sum(n["a"], "x", n["a"] * n["b"]), ("like terms", "multiplication"),
          difficulty=0.6),
    Skill("solving equations", "one-step-equation", ("Solve x + {a} = {b}.", "For which x is x + {a} = {b}?"),
          {"a": (2, 20), "b": (5, 40)}, lambda n: str(n["b"] - n["a"]), ("subtraction",), lambda n: n["b"] > n["a"],
          0.1, 0.3),
    Skill("squaring a bracket", "square-of-sum", ("Expand (x + {a})^2.", "Write (x + {a})^2 without brackets."),
          {"a": (2, 9)}, lambda n: f"x^2 + {2 * n['a']}x + {n['a'] ** 2}", ("expanding brackets", "powers"),
          difficulty=1.2, learn=0.15, guess=0.02),
    Skill("area of a rectangle", "area-rectangle",
          ("A rectangle is {a} cm by {b} cm. What is its area in cm²?", "Area of a rectangle, {a} cm by {b} cm, in cm²?"),
          {"a": (2, 12), "b": (3, 12)}, lambda n: str(n["a"] * n["b"]), ("addition",), difficulty=-0.8, learn=0.25),
    Skill("area of a triangle", "area-triangle",
          ("A triangle has base {a} cm and height {b} cm. What is its area in cm²?",
           "Base {a} cm, height {b} cm: area of the triangle in cm²?"),
          {"a": (2, 12), "b": (3, 12)}, lambda n: _over(n["a"] * n["b"], 2), ("area of a rectangle", "multiplication"),
          difficulty=0.3),
    Skill("the mean", "mean", ("What is the mean of {a}, {b} and {c}?", "Find the mean of {a}, {b}, {c}."),
          {"a": (1, 20), "b": (1, 20), "c": (1, 20)}, _mean, ("addition",),
          lambda n: (n["a"] + n["b"] + n["c"]) % 3 == 0 and len({*n.values()}) == 3, -0.2),
)  # fmt: skip
"""Skills in an order in which each comes after all it needs; difficulties and rates are assumptions within the bounds
(guess at most 0.3, slip at most 0.1) that keep the model of knowledge tracing meaningful (Baker, Corbett & Aleven 2008)."""

MISCONCEPTIONS = (
    Misconception("forgets-the-carry", "addition", "A column of ten or more keeps its last digit only.",
                  lambda n: _no_carry(n["a"], n["b"])),
    Misconception("writes-whole-column-sums", "addition", "Every column's sum is written down in full.",
                  lambda n: _all_written(n["a"], n["b"])),
    Misconception("smaller-from-larger", "subtraction", "In each column the smaller digit is taken from the larger.",
                  lambda n: _digitwise(n["a"], n["b"])),
    Misconception("borrows-without-paying", "subtraction", "Ten is added to a column and taken from nowhere.",
                  lambda n: _no_decrement(n["a"], n["b"])),
    Misconception("tens-times-tens-ones-times-ones", "multiplication", "Tens with tens and ones with ones is enough.",
                  lambda n: str(n["a"] // 10 * (n["b"] // 10) * 100 + n["a"] % 10 * (n["b"] % 10))),
    Misconception("no-zero-in-the-second-row", "multiplication", "The row of the tens counts as ones.",
                  lambda n: str(n["a"] * (n["b"] % 10) + n["a"] * (n["b"] // 10))),
    Misconception("left-to-right", "order of operations", "Operations are done as they are read.",
                  lambda n: str((n["a"] + n["b"]) * n["c"])),
    Misconception("two-minuses-make-a-plus", "negative sums", "Two minus signs always give a positive number.",
                  lambda n: str(n["a"] + n["b"])),
    Misconception("takes-the-difference", "negative sums", "The minus of the first number is kept, the rest subtracted.",
                  lambda n: str(n["b"] - n["a"])),
    Misconception("minus-times-minus-is-minus", "negative products", "A product of negative numbers is negative.",
                  lambda n: str(-n["a"] * n["b"])),
    Misconception("longer-is-larger", "comparing decimals", "More digits behind the point make a larger number.", _longer),
    Misconception("shorter-is-larger", "comparing decimals", "Hundredths are small, so fewer digits are more.", _shorter),
    Misconception("aligns-on-the-right", "adding decimals", "The last digits are written under each other.",
                  lambda n: _decimal(n["p"] + 10 * n["b"] + n["c"], 2)),
    Misconception("point-stays-in-place", "multiplying decimals", "Tenths times tenths are tenths.",
                  lambda n: _decimal(n["a"] * n["b"], 1)),
    Misconception("adds-tops-and-bottoms", "adding fractions", "Tops are added and bottoms are added.",
                  lambda n: f"2/{n['a'] + n['b']}"),
    Misconception("adds-tops-keeps-larger-bottom", "adding fractions", "Tops are added over the larger bottom.",
                  lambda n: f"2/{max(n['a'], n['b'])}"),
    Misconception("divides-by-the-top", "fraction of an amount", "The amount is divided by the top, times the bottom.",
                  lambda n: _over(n["N"] * n["a"], n["k"])),
    Misconception("one-part-only", "fraction of an amount", "Dividing by the bottom number is all.",
                  lambda n: str(n["N"] // n["a"])),
    Misconception("turns-the-first-one", "dividing fractions", "The first fraction is turned upside down.",
                  lambda n: _over(n["b"] * n["c"], n["a"] * n["d"])),
    Misconception("multiplies-without-turning", "dividing fractions", "Tops times tops, bottoms times bottoms.",
                  lambda n: _over(n["a"] * n["c"], n["b"] * n["d"])),
    Misconception("divides-by-the-percentage", "percentage of an amount", "p % means divided by p, as 10 % does.",
                  lambda n: _over(n["N"], n["p"])),
    Misconception("adds-the-percentage", "percentage increase", "p % more means p more.", lambda n: str(n["N"] + n["p"])),
    Misconception("gives-the-increase-only", "percentage increase", "The part that is added is the answer.",
                  lambda n: _over(n["p"] * n["N"], 100)),
    Misconception("adds-the-difference", "scaling a recipe", "As many more people, as many more eggs.",
                  lambda n: str(n["b"] + n["c"] - n["a"])),
    Misconception("power-is-product", "powers", "The exponent is a factor.", lambda n: str(n["a"] * n["b"])),
    Misconception("joins-unlike-terms", "like terms", "All numbers are added and the letter is kept.",
                  lambda n: _term(n["a"] + n["b"] + n["c"], "x")),
    Misconception("writes-side-by-side", "substitution", "The number stands in the place of the letter.",
                  lambda n: f"{n['a']}{n['b']}"),
    Misconception("multiplies-first-term-only", "expanding brackets", "The factor belongs to the first term.",
                  lambda n: _sum(n["a"], "x", n["b"])),
    Misconception("adds-instead-of-undoing", "solving equations", "The number is added on the other side.",
                  lambda n: str(n["b"] + n["a"])),
    Misconception("squares-each-term", "squaring a bracket", "The square of a sum is the sum of the squares.",
                  lambda n: f"x^2 + {n['a'] ** 2}"),
    Misconception("perimeter-for-area", "area of a rectangle", "Area is the way round.",
                  lambda n: str(2 * (n["a"] + n["b"]))),
    Misconception("forgets-to-halve", "area of a triangle", "A triangle is base times height.",
                  lambda n: str(n["a"] * n["b"])),
    Misconception("sum-is-the-mean", "the mean", "Adding up is all.", lambda n: _mean(n, count=1)),
    Misconception("middle-of-the-list", "the mean", "The number that stands in the middle is it.", lambda n: str(n["b"])),
)  # fmt: skip
"""Wrong ideas by skill; each is followed on every item of its skill."""
