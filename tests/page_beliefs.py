"""What a page's history says of its captions and its saturation, without all else that an analysis tells."""

from __future__ import annotations

from datetime import datetime

from adtempo.domain.messages import CaptionBank, CaptionPosteriors, MessageHistory, Saturation
from adtempo.messages.captions import estimate_captions
from adtempo.messages.response import estimate_response
from adtempo.messages.saturation import estimate_saturation


def believe_captions(history: MessageHistory, bank: CaptionBank, now: datetime) -> CaptionPosteriors:
    return estimate_captions(estimate_response(history, now), history, bank, now)


def feel_saturation(history: MessageHistory, now: datetime) -> Saturation:
    return estimate_saturation(estimate_response(history, now), int(history.paid.sum()))
