"""Numbers that point at one person or one account, told apart from other numbers by their checksum or by a word.

    "NHS number 943 476 5919"  ->  (11, 23, "nhs")

A number with a checksum of its own is believed where it holds and its issuer has such numbers; one in ten random rows
of digits passes Luhn, so the issuer and the grouping are asked, too. What has no checksum (a record number, a passport)
is only found behind the word that says what it is. Texts come with plain ASCII digits, dashes and colons.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import TypeAlias

__all__ = ["Found", "aba_holds", "card_holds", "find_ids", "iban_holds", "luhn_holds", "nhs_holds", "resident_id_holds",
           "ssn_holds"]  # fmt: skip

Found: TypeAlias = tuple[int, int, str, bool]
"""Start and end in the text, kind, and whether it is sure."""

# -- checksums --------------------------------------------------------------------------------------------------------


def luhn_holds(digits: str) -> bool:
    """Whether the last digit is right by the double-add-double sum of ISO/IEC 7812-1, annex B.

    >>> luhn_holds("4111111111111111"), luhn_holds("4111111111111112")
    (True, False)
    """
    total = 0
    for place, sign in enumerate(reversed(digits)):
        value = int(sign) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


_ALL = (16, 17, 18, 19)
CARD_RANGES: tuple[tuple[int, int, tuple[int, ...]], ...] = (
    (4, 4, (13, 16, 19)), (51, 55, (16,)), (2221, 2720, (16,)), (34, 34, (15,)), (37, 37, (15,)),
    (6011, 6011, (16, 19)), (644, 649, (16, 19)), (65, 65, (16, 19)), (62, 62, _ALL), (3528, 3589, _ALL),
    (36, 36, (14,)), (300, 305, (14,)), (3095, 3095, (14,)), (38, 39, (14,)), (2200, 2204, _ALL),
    (5018, 5018, _ALL), (5020, 5020, _ALL), (5038, 5038, _ALL), (6304, 6304, _ALL), (6759, 6759, _ALL),
    (6761, 6763, _ALL),
)  # fmt: skip
"""First digits from, to, and the lengths of Visa, Mastercard, American Express, Discover, UnionPay, JCB, Diners, Mir and
Maestro."""
CARD_LENGTHS = frozenset(size for _, _, sizes in CARD_RANGES for size in sizes)


def card_issued(digits: str) -> bool:
    """Whether an issuer has numbers that begin like this and are as long; the same digit again and again is none."""
    if len(digits) not in CARD_LENGTHS or len(set(digits)) == 1:
        return False
    return any(low <= int(digits[: len(str(low))]) <= high and len(digits) in sizes for low, high, sizes in CARD_RANGES)


def card_holds(digits: str) -> bool:
    """Whether digits can be the number of a payment card: issuer, length and checksum.

    >>> card_holds("5555555555554444"), card_holds("9999999999999995")
    (True, False)
    """
    return card_issued(digits) and luhn_holds(digits)


IBAN_LENGTH = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28,
    "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20,
    "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
    "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
    "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip
"""Country -> characters of its account numbers (SWIFT's registry of IBAN formats)."""


def iban_holds(text: str) -> bool:
    """Whether an account number without blanks has its country's length and leaves 1 when divided by 97 (ISO 13616).

    >>> iban_holds("GB82WEST12345698765432"), iban_holds("GB82WEST12345698765433")
    (True, False)
    """
    plain = text.upper()
    if IBAN_LENGTH.get(plain[:2]) != len(plain) or not plain.isalnum() or not plain.isascii():
        return False
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


PROVINCES = {
    *range(11, 16),
    *range(21, 24),
    *range(31, 38),
    *range(41, 47),
    *range(50, 55),
    *range(61, 66),
    71,
    81,
    82,
    83,
}
"""First two digits of the places of GB/T 2260, and of the residence permits of Hong Kong, Macau and Taiwan."""


def resident_id_holds(text: str) -> bool:
    """Whether 18 places have a province, a date and the check sign of GB 11643 (ISO 7064, mod 11-2).

    >>> resident_id_holds("11010519491231002X"), resident_id_holds("110105194912310021")
    (True, False)
    """
    if not re.fullmatch(r"[1-9]\d{16}[\dXx]", text, re.ASCII) or int(text[:2]) not in PROVINCES:
        return False
    if not _is_date(text[6:10], text[10:12], text[12:14]):
        return False
    total = sum(int(sign) * pow(2, 17 - place, 11) for place, sign in enumerate(text[:17]))
    return "10X98765432"[total % 11] == text[17].upper()


def _is_date(year: str, month: str, day: str) -> bool:
    try:
        return 1850 <= date(int(year), int(month), int(day)).year <= 2100
    except ValueError:
        return False


def ssn_holds(area: str, group: str, serial: str) -> bool:
    """Whether the three parts could have been given out: never 000, 666 or 900 to 999 first, never only zeros in a part.

    Two numbers that were printed in advertisements are left out, too.

    >>> ssn_holds("123", "45", "6789"), ssn_holds("666", "45", "6789"), ssn_holds("078", "05", "1120")
    (True, False, False)
    """
    if (area, group, serial) in (("078", "05", "1120"), ("219", "09", "9999")):
        return False
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def nhs_holds(digits: str) -> bool:
    """Whether ten digits have the check digit of an NHS number (weights 10 to 2, mod 11).

    >>> nhs_holds("9434765919"), nhs_holds("9434765918")
    (True, False)
    """
    rest = 11 - sum(int(sign) * (10 - place) for place, sign in enumerate(digits[:9])) % 11
    return rest != 10 and int(digits[9]) == rest % 11 and len(set(digits)) > 1


def aba_holds(digits: str) -> bool:
    """Whether nine digits are a US routing number: weights 3, 7, 1, and a first pair that is in use.

    >>> aba_holds("021000021"), aba_holds("021000022")
    (True, False)
    """
    first = int(digits[:2])
    known = first <= 12 or 21 <= first <= 32 or 61 <= first <= 72 or first == 80
    return known and int(digits) > 0 and sum(int(one) * (3, 7, 1)[n % 3] for n, one in enumerate(digits)) % 10 == 0


# -- where they stand in a text ---------------------------------------------------------------------------------------

BEFORE, AFTER = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
SAYS = r"(?:[\s:#=(.]|\b(?i:number|num|no\.?|is|was|id)\b|号码|号|为|是)*"
"""What may stand between the word and its number."""
CARD = re.compile(rf"(?<![\d.,+])(?<!\d-){BEFORE}\d{{4}}(?:[ .-]?\d){{9,15}}{AFTER}(?![.,-]\d)", re.ASCII)
CARD_GROUPS = re.compile(r"4 4 4 4(?: [123])?|4 6 [45]|4 4 [45]|6 1[0-3]|8 8|4 3 3 3|1[3-9]")
"""Digits between blanks or dashes as cards print them; a row of figures is seldom cut like that."""
CARD_SAID = re.compile(r"(?i)card|visa|amex|卡")
IBAN = re.compile(rf"{BEFORE}[A-Za-z]{{2}}\d{{2}}(?=[ -]?[A-Za-z0-9])", re.ASCII)
RESIDENT = re.compile(rf"{BEFORE}[1-9]\d(?:[ -]?\d){{15}}[ -]?[\dXx]{AFTER}", re.ASCII)
RESIDENT_OLD = re.compile(rf"(?:身份证|公民身份号码){SAYS}(\d{{15}})(?![\dXx])", re.ASCII)
SSN = re.compile(r"(?<![\w-])(\d{3})-(\d{2})-(\d{4})(?![\w-])", re.ASCII)
SSN_SAID = re.compile(
    rf"(?i:\bssn\b|social security|soc\.? sec\b|社会安全号){SAYS}(\d{{3}}[- ]?\d{{2}}[- ]?\d{{4}})(?!\d)", re.ASCII
)
NHS = re.compile(rf"(?i:\bnhs\b){SAYS}(\d{{3}}[ -]?\d{{3}}[ -]?\d{{4}})(?![\d-])", re.ASCII)
ABA = re.compile(rf"(?i:\brouting\b|\baba\b|\brtn\b)(?:\s*(?i:transit|code))?{SAYS}(\d{{9}})(?!\d)", re.ASCII)
ACCOUNT = re.compile(
    r"(?:\b(?i:(?:bank |current |savings? |checking |my )?(?:account|acct|a/c)(?:\.? ?(?:number|num|no\b\.?|#))(?:\s*(?:is|was)\b)?)|"
    r"(?:银行)?(?:账号|账户号|帐号|卡号)(?:为|是)?)[\s:#]*(\d{6,19}|\d{4}(?: \d{4}){1,4}(?: \d{1,3})?)(?![\d.,]?\d)",
    re.ASCII,
)
SORT_CODE = re.compile(rf"(?i:\bsort ?code){SAYS}(\d{{2}}-\d{{2}}-\d{{2}}|\d{{6}})(?!\d)", re.ASCII)
MRN = re.compile(
    r"(?:\b(?i:mrn|medical record|(?:patient|hospital|chart|health|insurance|member|policy|encounter|accession) "
    r"(?:id|no\b\.?|number|record|identifier)|record no\b\.?)|"
    r"病历|住院|病案|门诊|就诊卡|诊疗卡|登记|医保卡?|社保卡?|医疗保险|病人ID|患者ID|患者编|病人编)"
    rf"{SAYS}([A-Z]{{0,4}}-?\d{{5,14}}(?:-\d{{1,6}})*)(?![\d.,]?\d)",
    re.ASCII,
)
PASSPORT = re.compile(
    rf"(?:\b(?i:passport)|护照|通行证){SAYS}([A-Z]{{1,2}}\d{{6,8}}|\d{{8,9}}|[CFGHJKL](?=[A-Z]*\d)[0-9A-Z]{{8}})(?![0-9A-Za-z])",
    re.ASCII,
)


Holds: TypeAlias = Callable[[str], bool]
INTRODUCED: tuple[tuple[tuple[str, ...], re.Pattern[str], str, Holds | None], ...] = (
    (("ssn", "social sec", "soc sec", "soc. sec", "社会安全"), SSN_SAID, "ssn", lambda one: ssn_holds(one[:3], one[3:5], one[5:])),
    (("nhs",), NHS, "nhs", nhs_holds),
    (("身份",), RESIDENT_OLD, "resident_id", lambda one: _is_date("19" + one[6:8], one[8:10], one[10:12])),
    (("routing", "aba", "rtn"), ABA, "account", aba_holds),
    (("mrn", "medical", "patient", "hospital", "chart", "health", "insurance", "member", "policy", "encounter", "accession",
      "record", "病", "住院", "门诊", "卡", "登记", "医", "社保", "患者"), MRN, "mrn", None),
    (("passport", "护照", "通行证"), PASSPORT, "passport", None),
    (("account", "acct", "a/c", "账", "帐", "卡号"), ACCOUNT, "account", None),
    (("sort",), SORT_CODE, "account", None),
)  # fmt: skip
"""Words in small letters of which one must be there, pattern, kind, and what the number must fulfil."""


def find_ids(text: str) -> Iterator[Found]:
    """Numbers with a checksum that holds, then those that a word introduces; spans may overlap, the first one counts."""
    for found in RESIDENT.finditer(text):
        if resident_id_holds(_joined(found[0])):
            yield found.start(), found.end(), "resident_id", True
    yield from _cards(text)
    for found in IBAN.finditer(text):
        end = _iban_end(text, found.start())
        if end:
            yield found.start(), end, "iban", True
    for found in SSN.finditer(text):
        if ssn_holds(*found.groups()):
            yield found.start(), found.end(), "ssn", True
    lower = text.lower()
    for words, pattern, kind, holds in INTRODUCED:
        if any(word in lower for word in words):
            for found in pattern.finditer(text):
                if holds is None or holds(_joined(found[1])):
                    yield found.start(1), found.end(1), kind, True


def _joined(text: str) -> str:
    return re.sub(r"[ .-]", "", text)


def _cards(text: str) -> Iterator[Found]:
    """Numbers of cards; 13 and 14 digits in a row are also numbers of goods, so a word is asked for."""
    for found in CARD.finditer(text):
        digits = _joined(found[0])
        groups = " ".join(str(len(one)) for one in re.split(r"[ .-]", found[0]))
        if CARD_GROUPS.fullmatch(groups) and card_holds(digits):
            said = CARD_SAID.search(text, max(0, found.start() - 40), found.start()) is not None
            yield found.start(), found.end(), "card", len(digits) > 14 or said


def _iban_end(text: str, start: int) -> int:
    """Where the account number ends that may begin here; 0 where there is none."""
    wanted = IBAN_LENGTH.get(text[start : start + 2].upper(), 0)
    count, place = 0, start
    while place < len(text) and count < wanted:
        sign = text[place]
        if sign.isascii() and sign.isalnum():
            count += 1
        elif sign not in " -" or text[place - 1] in " -":
            return 0
        place += 1
    after = text[place : place + 1]
    if count < wanted or (after.isalnum() and after.isascii()):
        return 0
    return place if iban_holds(_joined(text[start:place])) else 0
