"""Transfers on the wire: from a request's bytes to drafts, and from results to an answer's bytes.

It knows neither Django's nor anybody's requests, so that every transport gives the same answers and the same errors.

Where an amount has too many decimals: no asset has more than 18, so more of them are malformed (400, a fault of the
code `amount_precision`, as every mistake that can be seen without looking into the book); more than the transfer's own
asset has are refused by the ledger (422, or a batch's result, with the code `amount_precision` too). Decimals that are
zero do not count: 1.000 is 1.
"""

from ledger.api.wire.answers import Answer, answer_batch, answer_transfer, bodies_of, failure, result_document
from ledger.api.wire.attempts import attempt
from ledger.api.wire.bodies import (
    JSON,
    NDJSON,
    Batch,
    JournalBody,
    Query,
    Single,
    batch_of,
    check_single,
    decode_batch,
    decode_journal,
    decode_lines,
    decode_transfer,
    journal_of,
    media_type,
    single_of,
)
from ledger.api.wire.permissions import POST, RESOLVE, permissions
from ledger.api.wire.singles import book_named, drafts_of

__all__ = [
    "JSON",
    "NDJSON",
    "POST",
    "RESOLVE",
    "Answer",
    "Batch",
    "JournalBody",
    "Query",
    "Single",
    "answer_batch",
    "answer_transfer",
    "attempt",
    "batch_of",
    "bodies_of",
    "book_named",
    "check_single",
    "decode_batch",
    "decode_journal",
    "decode_lines",
    "decode_transfer",
    "drafts_of",
    "failure",
    "journal_of",
    "media_type",
    "permissions",
    "result_document",
    "single_of",
]
