"""Read bank statements in ISO 20022 camt.053 (BankToCustomerStatement), of any version.

    <Ntry><Amt Ccy="EUR">150.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><BookgDt><Dt>2026-03-02</Dt></BookgDt> … </Ntry>

becomes `{"time": 2026-03-02, "card": "DE02…", "terminal": "NL91…", "amount": 150.0, "direction": "debit", …}`. Source: ISO 20022
message definition camt.053.001, Payments – Bank-to-Customer Cash Management. No entry is lost: one at fault refuses the
file or is set aside, and booked entries must lead from the opening to the closing balance.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element

from ...core.errors import DataError
from ...datasets.rejects import reject
from .history import add_history

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_camt053"]

_DIRECTIONS = {"CRDT": "credit", "DBIT": "debit"}
_COLUMNS = (
    "statement", "transaction", "time", "value_date", "card", "terminal", "amount", "currency", "direction", "reversal",
    "status", "merchant_category", "descriptor",
)  # fmt: skip
LARGEST = 1 << 30
"""Bytes of a file that must be read whole."""


class _Fault(ValueError):
    """What is wrong with one entry, as the second half of a sentence."""


def read_camt053(path: Path) -> pd.DataFrame:
    """Read one camt.053 file, or every .xml file of a folder, into records with history features.

    An entry that lists its payments one by one (`TxDtls` with amounts that add up to the entry) gives a row for each, any
    other a row for itself. `card` is the account, `terminal` the other side (its account, else its name), `descriptor`
    what the statement says of it, `merchant_category` the bank transaction code such as PMNT/CCRD/POSD. Amounts are
    positive; `direction` tells debit from credit. Statements carry no label: join one before tuning.

    Raises:
        DataError: not camt.053; a balance that the booked entries do not lead to; an entry at fault that nobody collects.
    """
    import pandas as pd

    path = Path(path)
    files = sorted(path.glob("*.xml")) if path.is_dir() else [path]
    if not files:
        raise DataError(f"The folder {path.name} holds no .xml file; give a camt.053 file or a folder of them.")
    rows: list[dict[str, Any]] = []
    for file in files:
        for statement in _statements(file):
            rows += _entries(statement, file)
    if not rows:
        raise DataError(f"{path.name} holds no entry that can be taken; give a statement with entries (Ntry).")
    frame = pd.DataFrame(rows, columns=list(_COLUMNS))
    for name in ("time", "value_date"):
        frame[name] = pd.to_datetime(frame[name])
    for name in ("statement", "transaction", "card", "terminal", "currency", "direction", "reversal", "status"):
        frame[name] = frame[name].astype("str")
    return add_history(frame, fraud=None)


def _statements(file: Path) -> list[Element]:
    """The statements of a file, without namespaces.

    Raises:
        DataError: not to be read, not XML, or not camt.053.
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import ParseError, parse

    what = "give a bank statement in ISO 20022 camt.053"
    try:
        if file.stat().st_size > LARGEST:
            raise DataError(f"{file.name} is larger than 1 GiB; {what} in several files.")
        root: Any = parse(io.BytesIO(file.read_bytes())).getroot()
    except OSError as error:
        raise DataError(f"{file.name} cannot be read ({error.strerror or error}); check its name and rights.") from None
    except DefusedXmlException:
        raise DataError(
            f"{file.name} declares entities of its own, which are never followed; {what} without them."
        ) from None
    except (ParseError, ValueError, LookupError) as error:
        raise DataError(f"{file.name} is not XML that can be read ({str(error)[:120]}); {what}.") from None
    for node in root.iter():
        if isinstance(node.tag, str):
            node.tag = node.tag.rpartition("}")[2]
    found = list(root.findall("BkToCstmrStmt/Stmt"))
    if root.tag != "Document" or not found:
        inside = next((child.tag for child in root), "nothing")
        raise DataError(
            f"{file.name} holds {str(root.tag)[:40]}/{str(inside)[:40]}, not Document/BkToCstmrStmt/Stmt; {what}."
        )
    return found


def _text(node: Element, *paths: str) -> str:
    """The first of some paths that holds words; white space as single blanks."""
    for one in paths:
        words = " ".join((node.findtext(one) or "").split())
        if words:
            return words
    return ""


def _amount(node: Element | None) -> Decimal:
    if node is None:
        raise _Fault("has no Amt; write its amount")
    said = (node.text or "").strip()
    try:
        amount = Decimal(said)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0 or amount > Decimal("1e15"):
        raise _Fault(f"has the amount {said[:40]!r}; write plain digits with a decimal point, at least 0")
    return amount


def _moment(node: Element, what: str) -> datetime | None:
    """A date (at midnight) or a date and time (turned to UTC); None where there is none."""
    said = _text(node, f"{what}/DtTm", f"{what}/Dt")
    if not said:
        return None
    try:
        found = datetime.fromisoformat(said)
        return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
    except (ValueError, OverflowError):
        raise _Fault(f"has the {what} {said[:40]!r}; write it like 2026-03-02 or 2026-03-02T10:15:00+01:00") from None


def _direction(node: Element) -> str:
    said = _text(node, "CdtDbtInd")
    if said not in _DIRECTIONS:
        raise _Fault(f"has CdtDbtInd {said[:20]!r}; allowed are CRDT and DBIT")
    return _DIRECTIONS[said]


def _entries(statement: Element, file: Path) -> list[dict[str, Any]]:
    """Rows of one statement, proved by its balances where every entry could be taken."""
    name = _text(statement, "Id") or "without Id"
    account = _text(statement, "Acct/Id/IBAN", "Acct/Id/Othr/Id") or "unknown account"
    rows, booked, whole = [], Decimal(0), True
    for number, entry in enumerate(statement.findall("Ntry"), start=1):
        place = f"Entry {number} of statement {name[:60]} in {file.name}"
        try:
            amount, direction = _amount(entry.find("Amt")), _direction(entry)
            made = list(_rows(entry, amount, direction))
        except _Fault as fault:
            whole = False
            reject(place, f"{place} {fault}.", {child.tag: (child.text or "").strip() for child in entry})
            continue
        if _text(entry, "Sts/Cd", "Sts") in ("", "BOOK"):
            booked += amount if direction == "credit" else -amount
        rows += [{"statement": name, "card": account, **row} for row in made]
    if whole:
        _prove(statement, booked, f"Statement {name[:60]} in {file.name}")
    return rows


def _prove(statement: Element, booked: Decimal, place: str) -> None:
    """Opening balance and booked entries must give the closing balance; a part of a longer statement is not proved."""
    if _text(statement, "StmtPgntn/LastPgInd") == "false" or _text(statement, "StmtPgntn/PgNb") not in ("", "1"):
        return
    ends: dict[str, Decimal] = {}
    for balance in statement.findall("Bal"):
        kind = _text(balance, "Tp/CdOrPrtry/Cd")
        try:
            sign = 1 if _direction(balance) == "credit" else -1
            ends.setdefault(kind, sign * _amount(balance.find("Amt")))
        except _Fault as fault:
            raise DataError(f"{place}: the balance {kind[:10]!r} {fault}.") from None
    opening = ends.get("OPBD", ends.get("PRCD"))
    if opening is None or "CLBD" not in ends:
        return
    if opening + booked != ends["CLBD"]:
        raise DataError(
            f"{place} opens with {opening}, its booked entries add up to {booked}, and it closes with {ends['CLBD']} instead of "
            f"{opening + booked}: entries are missing or doubled; get the statement from the bank anew."
        )


def _rows(entry: Element, amount: Decimal, direction: str) -> Iterator[dict[str, Any]]:
    """One row for each payment of an entry that is listed with its amount, else one for the entry."""
    time = _moment(entry, "BookgDt") or _moment(entry, "ValDt")
    if time is None:
        raise _Fault("has neither BookgDt nor ValDt; write its date")
    common = {
        "time": time,
        "value_date": _moment(entry, "ValDt"),
        "currency": (entry.find("Amt").get("Ccy") or "").strip() or "unknown",  # type: ignore[union-attr]
        "reversal": "yes" if _text(entry, "RvslInd").lower() in ("true", "1") else "no",
        "status": _text(entry, "Sts/Cd", "Sts") or "BOOK",
    }
    details = entry.findall("NtryDtls/TxDtls")
    parts = [one.find("Amt") if one.find("Amt") is not None else one.find("AmtDtls/TxAmt/Amt") for one in details]
    amounts = [_amount(part) for part in parts if part is not None]
    listed = len(details) > 1 and len(amounts) == len(details) and sum(amounts) == amount
    for number, one in enumerate(details if listed else [details[0] if details else None]):
        yield common | {
            "transaction": _reference(entry, one, number if listed else None),
            "terminal": _other_side(one, direction),
            "amount": float(amounts[number] if listed else amount),
            "direction": direction,
            "merchant_category": _code(one) or _code(entry),
            "descriptor": _words(entry, one, direction),
        }


def _reference(entry: Element, details: Element | None, number: int | None) -> str:
    of_entry = _text(entry, "AcctSvcrRef", "NtryRef")
    own = "" if details is None else _text(details, "Refs/AcctSvcrRef", "Refs/TxId", "Refs/EndToEndId", "Refs/InstrId")
    if number is None:
        return of_entry or own or "unknown"
    return own if own and own != "NOTPROVIDED" else f"{of_entry or 'entry'}/{number + 1}"


def _party(details: Element | None, direction: str, *paths: str) -> str:
    """Something of the creditor of a debit, or of the debtor of a credit."""
    if details is None:
        return ""
    who = "Cdtr" if direction == "debit" else "Dbtr"
    return _text(details, *(f"RltdPties/{one.format(who=who)}" for one in paths))


def _other_side(details: Element | None, direction: str) -> str:
    account = _party(details, direction, "{who}Acct/Id/IBAN", "{who}Acct/Id/Othr/Id")
    return account or _party(details, direction, "{who}/Nm", "{who}/Pty/Nm") or "unknown"


def _code(node: Element | None) -> str | None:
    """Domain, family and sub-family of the bank transaction code, else the bank's own code."""
    if node is None:
        return None
    parts = [_text(node, f"BkTxCd/Domn/{one}") for one in ("Cd", "Fmly/Cd", "Fmly/SubFmlyCd")]
    return "/".join(part for part in parts if part) or _text(node, "BkTxCd/Prtry/Cd") or None


def _words(entry: Element, details: Element | None, direction: str) -> str | None:
    """Who, what for, and what else the bank says, each once."""
    said = [_party(details, direction, "{who}/Nm", "{who}/Pty/Nm")]
    if details is not None:
        said += [" ".join((one.text or "").split()) for one in details.findall("RmtInf/Ustrd")]
        said += [_text(details, "RmtInf/Strd/CdtrRefInf/Ref"), _text(details, "AddtlTxInf")]
    said.append(_text(entry, "AddtlNtryInf"))
    return "; ".join(dict.fromkeys(words for words in said if words)) or None
