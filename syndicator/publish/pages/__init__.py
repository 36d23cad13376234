"""Pages for people: on which a person finds the feed they want. Static HTML, no script (pure).

statistics.py   entries -> how much to expect
charts.py       statistics -> where each bar stands
words.py        numbers and moments as people say them
views.py        values of the model -> what the templates show
render.py       render_front, render_topic, render_digest, render_assets
templates/      the HTML, the style, the icon
"""

from syndicator.publish.pages.render import render_assets, render_digest, render_front, render_topic
from syndicator.publish.pages.statistics import Statistics, count_statistics, window_start
from syndicator.publish.pages.views import DigestPage, FrontPage, TopicCard, TopicPage

__all__ = [
    "DigestPage",
    "FrontPage",
    "Statistics",
    "TopicCard",
    "TopicPage",
    "count_statistics",
    "render_assets",
    "render_digest",
    "render_front",
    "render_topic",
    "window_start",
]
