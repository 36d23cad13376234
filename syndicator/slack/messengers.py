"""The ways to Slack that the settings give: by which client a route's message goes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from syndicator.alerts import Delivery, channel_name
from syndicator.errors import Rejected
from syndicator.settings.models import Settings

if TYPE_CHECKING:
    from syndicator.slack.client import SlackBot, SlackWebhook
    from syndicator.slack.sender import Messenger

NO_WAY_FIX = "Set SLACK_BOT_TOKEN or SLACK_WEBHOOK_URL (see .env.example)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Messengers:
    """Where messages go: to the terminal if that is set, else by the route's webhook, else by the bot."""

    routes: Collection[str]
    """The names of the settings' routes: what another one left behind is not theirs to send."""
    bot: SlackBot | None
    webhooks: Mapping[str, SlackWebhook]
    terminal: Messenger | None = None

    def has_way(self, route: str, channel: str) -> bool:
        """Whether a route's message to this channel can go anywhere now; where not, it waits.

        The bot posts by id alone: under a name, a channel could get twice what it has under its id.
        """
        if route not in self.routes:
            return False
        named = channel_name(channel) is not None
        return bool(self.terminal or self.webhooks.get(route) or (self.bot and not named))

    def for_delivery(self, delivery: Delivery) -> Messenger:
        """The way that a delivery goes. Raises Rejected where there is none."""
        found = self.terminal or self.webhooks.get(delivery.route) or self.bot
        if found is None:
            raise Rejected("there is no way to Slack", code="no_token", on=delivery.channel, fix=NO_WAY_FIX)
        return found


def messengers_of(settings: Settings, terminal: Messenger | None = None) -> Messengers:
    """The ways that the settings give; with `slack: preview` all that is sent goes to `terminal`."""
    to, bot, webhooks = settings.credentials, None, {}
    if to.token or to.webhooks:
        from syndicator.slack.client import SlackBot, SlackWebhook  # it takes a tenth of a second to load

        bot = SlackBot(to.token.get_secret_value(), api_url=to.api_url) if to.token else None
        webhooks = {name: SlackWebhook(url.get_secret_value()) for name, url in to.webhooks.items()}
    return Messengers(
        routes={route.name for route in settings.routes},
        bot=bot,
        webhooks=webhooks,
        terminal=terminal if settings.slack.mode == "preview" else None,
    )
