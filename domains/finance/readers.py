"""The readers of finance, by task.

transactions     time, card, terminal, amount, fraud                      (`readers_log`)
fraud_handbook   transformed tables of the Fraud Detection Handbook       (`readers_log`)
camt053          ISO 20022 bank statements                                (`readers_camt`)
statlog_german   german.data or the OpenML ARFF                           (`readers_credit`)
taiwan           UCI default of credit card clients                       (`readers_credit`)
"""

from __future__ import annotations

from ...core.task import Reader
from .readers_camt import read_camt053
from .readers_credit import age_band, read_statlog_german, read_taiwan
from .readers_log import read_fraud_handbook, read_transactions

__all__ = [
    "CREDIT_READERS",
    "FRAUD_READERS",
    "age_band",
    "read_camt053",
    "read_fraud_handbook",
    "read_statlog_german",
    "read_taiwan",
    "read_transactions",
]

FRAUD_READERS = (
    Reader(
        "transactions", "raw transaction log (time, card, terminal, amount, fraud); adds history", read_transactions
    ),
    Reader("fraud_handbook", "transformed tables of the Fraud Detection Handbook, as CSV", read_fraud_handbook),
    Reader("camt053", "ISO 20022 camt.053 bank statements (XML, a file or a folder); adds history", read_camt053),
)
CREDIT_READERS = (
    Reader("statlog_german", "Statlog German credit: german.data or the OpenML ARFF", read_statlog_german),
    Reader("taiwan", "UCI default of credit card clients (Taiwan), as CSV", read_taiwan),
)
