"""What the values of the alerts' side say of themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.store.outbox_values import make_delivery


@pytest.mark.parametrize(
    ("channel", "message", "permalink"),
    [
        ("C0123456789", "1772452800.000100", "https://slack.com/archives/C0123456789/p1772452800000100"),
        ("C0123456789", None, None),
        ("#news", "1772452800.000100", None),
    ],
    ids=["sent", "by webhook", "channel's id unknown"],
)
def test_permalink_leads_to_the_message(channel: str, message: str | None, permalink: str | None) -> None:
    delivery = replace(make_delivery(), channel=channel, message_ts=message)
    assert delivery.permalink == permalink
