"""Cursors: where a page of transcripts ended, so that the next begins there."""

import base64
import binascii
import json
import math
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from orchestrator.api.problems import AnswerError

Order = Literal["desc", "asc"]
LONGEST_ID = 200


@dataclass(frozen=True)
class Cursor:
    """The last transcript of a page, in the order that it was read in."""

    order: Order
    fold_change: float | None
    """None: a quarantined row; those come last."""
    transcript_id: str

    def text(self) -> str:
        """Return it as it stands in a link; the fold change is exact."""
        packed = json.dumps([self.order, self.fold_change, self.transcript_id])
        return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def read_cursor(text: str, order: Order) -> Cursor:
    """Return the cursor of a link. Raises AnswerError for anything else, and for one of another order."""
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        found_order, fold_change, transcript_id = json.loads(packed)
        is_number = fold_change is None or (type(fold_change) is float and math.isfinite(fold_change))
        if is_number and isinstance(transcript_id, str) and _is_id(transcript_id) and found_order == order:
            return Cursor(order, fold_change, transcript_id)
    except (ValueError, TypeError, binascii.Error, RecursionError):
        pass  # told below
    raise AnswerError(HTTPStatus.BAD_REQUEST, "Follow the link of the page before, with the same order.", "cursor")


def _is_id(text: str) -> bool:
    return 0 < len(text) <= LONGEST_ID and text.isprintable()
