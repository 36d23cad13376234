"""One file and the environment, read once; every problem in one list, each at its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest

from syndicator.app import _code, output_of, read_with
from syndicator.entries.sources import reading
from syndicator.errors import SettingsError
from syndicator.parse.article import parse_article
from syndicator.settings.load import SettingsReader, load_settings
from syndicator.settings.models import Digest, Settings
from syndicator.settings.types import Field, duration

SMALL: dict[str, Any] = {
    "site": {"title": "Cloud News", "base_url": "https://feeds.example.org"},
    "sources": [{"name": "azure", "path": "../articles"}],
}
ROUTE = {"name": "ai", "channel": "C0123456789"}
SOURCE = {"name": "azure", "path": "x"}


def write(folder: Path, values: Mapping[str, Any] | str) -> Path:
    file = folder / "config" / "syndicator.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(values if isinstance(values, str) else json.dumps(values))  # JSON is YAML
    return file


def load(folder: Path, values: Mapping[str, Any] | str, **environment: str) -> Settings:
    return SettingsReader(write(folder, values), environment).settings()


def problems(folder: Path, values: Mapping[str, Any] | str, **environment: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(folder, values, **environment)
    assert caught.value.exit_code == 78
    return [str(one) for one in caught.value.problems]


def test_smallest_settings_have_sensible_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path, SMALL)
    assert settings.site.base_url == "https://feeds.example.org/"
    assert settings.sources[0].profile == "smartable"
    assert settings.sources[0].unpublished == "exclude"
    assert settings.feeds.limit == 50
    assert settings.server is not None
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8080)
    assert settings.watch.quiet == timedelta(seconds=2)
    assert settings.credentials.token is None
    assert settings.routes == ()


def test_relative_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    settings = load(
        tmp_path, SMALL | {"output": "../public", "state": "sqlite:///../var/s.db", "topics": "topics/*.yaml"}
    )
    assert settings.sources[0].path == tmp_path / "articles"
    assert settings.output == tmp_path / "public"
    assert settings.state == f"sqlite:///{tmp_path}/var/s.db"
    assert settings.topics == (tmp_path / "config/topics/*.yaml",)


def test_absolute_paths_stay(tmp_path: Path) -> None:
    settings = load(tmp_path, SMALL | {"output": "/srv/feeds", "state": "sqlite:////var/lib/s.db"})
    assert settings.output == Path("/srv/feeds")
    assert settings.state == "sqlite:////var/lib/s.db"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        pytest.param("var/x.db", "write sqlite:///var/x.db", id="a path"),
        pytest.param("/var/x.db", "write sqlite:////var/x.db", id="an absolute path"),
        pytest.param("postgresql://u:canary@host/x", "must be an SQLite file", id="another database"),
        pytest.param("sqlite+nothing:///x.db", "must be an SQLite file", id="another driver"),
        pytest.param("sqlite://x.db", "must be an SQLite file", id="too few slashes"),
        pytest.param("sqlite:///", "must name a file", id="no file"),
        pytest.param("sqlite:///:memory:", "must name a file", id="memory"),
        pytest.param("sqlite:///file:x?uri=true", "must name a file", id="options"),
        pytest.param("sqlite:///var/", "must name a file", id="a folder"),
    ],
)
def test_state_that_is_no_database_file_is_refused_with_its_cure(
    tmp_path: Path, state: str, words: str
) -> None:
    (found,) = problems(tmp_path, f"{json.dumps(SMALL)[:-1]},\nstate: {json.dumps(state)}}}\n")
    assert ":2:1: state: " in found
    assert words in found
    assert "canary" not in found


def test_folders_of_permalinks_may_have_slashes_around_them(tmp_path: Path) -> None:
    found = load(tmp_path, SMALL | {"sources": [SOURCE | {"permalink": {"/blog/de/": "/:slug/"}}]})
    assert found.sources[0].permalink == {"blog/de": "/:slug/"}


@pytest.mark.parametrize(
    ("state", "path", "at"),
    [
        pytest.param("var/s.db\nbackup:  {folder: link/b}", "articles", "3:11: backup.folder", id="backups"),
        pytest.param("public/s.db", "articles", "2:1: state", id="state"),
        pytest.param("link/s.db", "articles", "2:1: state", id="state behind a link"),
        pytest.param("var/s.db", "public", "3:26: sources[0].path", id="source that is the output"),
        pytest.param("var/s.db", "public/feeds", "3:26: sources[0].path", id="source inside"),
        pytest.param("var/s.db", "x/../link/feeds", "3:26: sources[0].path", id="source behind a link"),
    ],
)
def test_nothing_private_may_lie_in_the_output_folder(tmp_path: Path, state: str, path: str, at: str) -> None:
    (tmp_path / "public").mkdir()
    (tmp_path / "config").mkdir()
    (tmp_path / "config/link").symlink_to(tmp_path / "public")
    text = f"""\
site: {{title: T, base_url: "http://a.example/"}}
state:  sqlite:///{state}
sources: [{{name: news,   path: {path}}}]
output: {tmp_path}/config/public
"""
    (tmp_path / "config/public").symlink_to(tmp_path / "public")
    (found,) = problems(tmp_path, text)
    assert f"syndicator.yaml:{at}: lies in the output folder" in found
    assert "or set `output` to another folder" in found


def test_output_may_lie_in_a_source_folder(tmp_path: Path) -> None:
    settings = load(tmp_path, SMALL | {"output": "../articles/public"})
    assert settings.output.is_relative_to(settings.sources[0].path)


def test_environment_overrides_the_file(tmp_path: Path) -> None:
    values = SMALL | {"server": {"host": "127.0.0.1", "port": 9999}}
    settings = load(tmp_path, values, SYNDICATOR_SERVER__PORT="8081")
    assert settings.server is not None
    assert settings.server.port == 8081


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SYNDICATOR_LEVELS", '{"good": 90', "a bracket that is not closed"),
        ("SYNDICATOR_SITE__TITLE", '"News', "quotes that are not closed"),
        ("SYNDICATOR_TOPICS", "[*.yaml]", "text that is not YAML"),
    ],
)
def test_variable_that_is_no_yaml_is_named(tmp_path: Path, name: str, value: str, words: str) -> None:
    (found,) = problems(tmp_path, SMALL, **{name: value})
    assert found.startswith(f"{name}: {words}")
    assert "a mapping like {good: 90}" in found


def test_variable_holds_text_as_it_is_or_yaml(tmp_path: Path) -> None:
    environment = {
        "SYNDICATOR_LEVELS": "{good: 90}",
        "SYNDICATOR_TOPICS": "[topics/*.yaml]",
        "SYNDICATOR_SITE__TITLE": "News: true # or not",
        "SYNDICATOR_SITE__DESCRIPTION": '"[all of it]"',
        "SYNDICATOR_SERVER": "null",
    }
    settings = load(tmp_path, SMALL, **environment)
    assert dict(settings.levels) == {"good": 90}
    assert len(settings.topics) == 1
    assert settings.site.title == "News: true # or not"
    assert settings.site.description == "[all of it]"
    assert settings.server is None


def test_list_in_a_variable_replaces_the_files_and_a_mapping_adds_to_it(tmp_path: Path) -> None:
    values = SMALL | {"levels": {"top": 110}, "topics": ["b/*.yaml"]}
    environment = {"SYNDICATOR_LEVELS": '{"good": 90}', "SYNDICATOR_SLACK": "preview"}
    for topics in ('["a/*.yaml"]', "a/*.yaml"):
        settings = load(tmp_path, values, **environment, SYNDICATOR_TOPICS=topics)
        assert dict(settings.levels) == {"good": 90, "top": 110}
        assert [pattern.parent.name for pattern in settings.topics] == ["a"]
        assert settings.slack.mode == "preview"


def test_routes_are_read_whole(tmp_path: Path) -> None:
    route = ROUTE | {
        "topics": ["AI", "Microsoft AI"],
        "level": "top",
        "deliver": {"digest": "0 9 * * mon-fri", "time_zone": "Europe/Berlin", "minimum": 2},
        "exclude": {"providers": "*.spam.example"},
        "quiet_hours": {"from": "22:00", "to": "07:30", "time_zone": "Europe/Berlin"},
        "max_age": "2d",
        "per_hour": 4,
    }
    immediate = {"name": "fast", "channel": "#fast", "deliver": "immediate", "gather": "10m", "edits": "off"}
    immediate["flood_window"] = "1m"
    settings = load(tmp_path, SMALL | {"levels": {"top": 110, "good": 90}, "routes": [route, immediate]})
    first, second = settings.routes
    assert first.min_quality == 110
    assert first.deliver == Digest(cron="0 9 * * mon-fri", time_zone="Europe/Berlin", minimum=2)
    assert first.exclude.providers == ("*.spam.example",)
    assert first.quiet_hours is not None
    assert (first.quiet_hours.start, first.quiet_hours.end) == (time(22), time(7, 30))
    assert first.max_age == timedelta(days=2)
    assert second.deliver == "immediate"
    assert (second.gather, second.flood_window) == (timedelta(minutes=10), timedelta(minutes=1))
    assert list(settings.levels) == ["good", "top"], "by their bars"


def test_thousands_of_routes_are_read(tmp_path: Path) -> None:
    routes = [{"name": f"r{n}", "channel": f"C{n:010}", "topics": ["AI"]} for n in range(2_000)]
    assert len(load(tmp_path, SMALL | {"routes": routes}).routes) == 2_000


def places(found: list[str]) -> list[list[str]]:
    return [line.partition("syndicator.yaml:")[2].split(": ")[:2] for line in found]


def test_wrong_values_come_together_each_at_its_place(tmp_path: Path) -> None:
    text = """\
site:
  titel: x
  base_url: feeds.example.org
sources:
  - name: "a b"
    path: x
    profile: foo
levels: {archive: 3}
routes:
  - {name: r, channel: C1, max_age: soon, deliver: {digest: 5}}
  - {name: r, channel: my news, deliver: {digest: "61 9 * * *"}}
server: {port: 99999}
"""
    found = problems(tmp_path, text)
    assert places(found) == [
        ["1:1", "site.title"],
        ["2:3", "site.titel"],
        ["3:3", "site.base_url"],
        ["5:5", "sources[0].name"],
        ["7:5", "sources[0].profile"],
        ["8:10", "levels.archive"],
        ["10:28", "routes[0].max_age"],
        ["10:53", "routes[0].deliver.digest"],
        ["11:15", "routes[1].channel"],
        ["11:43", "routes[1].deliver.digest"],
        ["12:10", "server.port"],
    ]
    assert "there is no such setting" in found[1]


def test_contradictions_come_together_once_each_value_is_sound(tmp_path: Path) -> None:
    text = """\
site: {title: T, base_url: "https://feeds.example.org/"}
sources: [{name: azure, path: x}]
levels: {top: 3, Top: 4}
routes:
  - {name: r, channel: C1, level: best}
  - {name: r, channel: my-news, webhook_file: nowhere}
"""
    found = problems(tmp_path, text, SLACK_BOT_TOKEN="xoxp-1")
    assert "SLACK_BOT_TOKEN: is not a bot token" in found[0]
    assert places(found[1:]) == [
        ["3:18", "levels.Top"],
        ["5:28", "routes[0].level"],
        ["6:6", "routes[1].name"],
        ["6:33", "routes[1].webhook_file"],
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"sources": []}, "sources", id="no source"),
        pytest.param({"sources": SMALL["sources"] * 2}, "names are unique", id="two of a name"),
        pytest.param({"routes": [ROUTE, ROUTE]}, "names are unique", id="two routes of a name"),
        pytest.param({"routes": [ROUTE | {"level": "best"}]}, "there is no level 'best'", id="unknown level"),
        pytest.param(
            {"levels": {"top": 1}, "routes": [ROUTE | {"level": "top", "min_quality": 3}]},
            "give `level` or `min_quality`, not both: leave one out",
            id="two minimums",
        ),
        pytest.param(
            {"routes": [ROUTE | {"about": "3 a day", "min_quality": 3}]},
            "routes[0].about: give `about` or `min_quality`, not both: leave one out",
            id="about and a minimum",
        ),
        pytest.param(
            {"levels": {"top": 1}, "routes": [ROUTE | {"about": "3 a day", "level": "top"}]},
            "routes[0].about: give `about` or `level`, not both: leave one out",
            id="about and a level",
        ),
        *(
            pytest.param(
                {"routes": [ROUTE | {"about": wrong}]},
                "routes[0].about: must be a number of stories a day or a week, like `3 a day` or `2 a week`",
                id=f"about {wrong!r}",
            )
            for wrong in ("3", "0 a day", "three a day", "3 daily", "-3 a day", "3 a month", "2.5 a day")
        ),
        pytest.param(
            {"routes": [ROUTE | {"quiet_hours": {"from": "00:00", "to": "00:00"}}]},
            "routes[0].quiet_hours.to: is the same as `from`",
            id="quiet hours of no length",
        ),
        pytest.param({"levels": {"archive": 1}}, "is taken", id="reserved level"),
        pytest.param({"levels": {"All": 1}}, "is taken", id="reserved level in capitals"),
        *(
            pytest.param({"levels": {name: 1}}, f"levels.{name}: this name is taken", id=name)
            for name in ("rss.xml", "atom.xml", "feed.json", "RSS.xml")
        ),
        pytest.param(
            {"levels": {"good": 1, "Good": 2}},
            "levels.Good: differs from 'good'",
            id="levels but for capitals",
        ),
        pytest.param({"routes": [ROUTE | {"deliver": {"digest": "61 9 * * *"}}]}, "61", id="minute 61"),
        pytest.param(
            {"routes": [ROUTE | {"deliver": {"digest": "0 9 * * *", "time_zone": "Mars"}}]},
            "is not a time zone",
            id="zone",
        ),
        pytest.param({"routes": [ROUTE | {"gather": "5m"}]}, "is for `deliver: immediate`", id="gather"),
        pytest.param(
            {"routes": [ROUTE | {"flood_window": "5m"}]}, "is for `deliver: immediate`", id="flood window"
        ),
        pytest.param(
            {"site": {"title": "T", "base_url": "https://a.example/", "language": "jp"}},
            "is not a language",
            id="a country for a language",
        ),
        pytest.param(
            {"site": {"title": "T", "base_url": "http://example..org/"}},
            "site.base_url: has no valid host (is",
            id="a label that is empty",
        ),
        *(
            pytest.param({"sources": [SOURCE | {"permalink": pattern}]}, words, id=f"permalink {pattern}")
            for pattern, words in (
                ("blog/:title", "must begin with a slash"),
                ("/:titel/", ":titel is not known"),
                ("/:sections[1:]/:slug/", ":sections[1:] is not known"),
                ({"posts": "/:titel/"}, "sources[0].permalink.posts: :titel is not known"),
                (5, "sources[0].permalink: must be text"),
            )
        ),
        pytest.param({"watch": {"scan_every": "0s"}}, "at least 1s", id="busy scan"),
        pytest.param({"sources": [SOURCE | {"topics": "../*.yaml"}]}, "inside", id="topics outside"),
        pytest.param({"sources": [SOURCE | {"fields": {"titel": "t"}}]}, "titel", id="field"),
        pytest.param(
            {"sources": [SOURCE | {"languages": ["en", "de"], "profile": "jekyll"}]},
            "sources[0].languages: is for `profile: hugo`",
            id="languages without Hugo",
        ),
        pytest.param({"feeds": {"hub": "hub.example"}}, "feeds.hub", id="hub"),
        pytest.param({"nonsense": 1}, "there is no such setting", id="unknown key"),
        pytest.param({"secured": 1}, "secured: there is no such setting", id="secret key"),
    ],
)
def test_wrong_setting_is_said(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    assert words in "\n".join(problems(tmp_path, SMALL | change))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", "must hold keys", id="empty"),
        pytest.param("- a\n", "must hold keys", id="a list"),
        pytest.param("site: [\n", ":2:1:", id="broken YAML"),
        pytest.param("site: {title: a, title: b}\n", "title", id="a key twice"),
        pytest.param("site: &a {title: x}\nother: *a\n", ":1:", id="alias"),
    ],
)
def test_file_that_is_no_settings_is_said(tmp_path: Path, text: str, words: str) -> None:
    assert words in "\n".join(problems(tmp_path, text))


def test_unknown_names_of_a_source_are_listed_together(tmp_path: Path) -> None:
    source = SOURCE | {"profile": "wordpress", "fields": {"headline": "title", "subhead": "x"}}
    found = problems(tmp_path, SMALL | {"sources": [source]})
    assert [line.split(": ", 1)[1] for line in found] == [
        "sources[0].profile: must be 'smartable', 'jekyll' or 'hugo' (is 'wordpress')",
        *(
            f"sources[0].fields.{name}: must be {', '.join(map(repr, map(str, [*Field][:-1])))}"
            f" or '{[*Field][-1]}' (is '{name}')"
            for name in ("headline", "subhead")
        ),
    ]


def test_channel_that_became_a_comment_is_to_be_quoted(tmp_path: Path) -> None:
    text = json.dumps(SMALL)[1:-1]
    (found,) = problems(tmp_path, f"{{{text},\n  routes: [{{name: a,\n  channel: #news\n  }}]\n}}\n")
    assert ":3:3: routes[0].channel: is empty" in found
    assert 'write it in quotes, like "#news"' in found


def test_missing_file_is_said_with_its_cure(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"there is no settings file. Name one with --config"):
        load_settings(tmp_path / "nothing.yaml", {})


def test_secrets_come_from_variable_file_or_credential_in_this_order(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("xoxb-from-file\n")
    (tmp_path / "slack_bot_token").write_text("xoxb-from-credential")
    sources = {
        "SLACK_BOT_TOKEN": "xoxb-from-variable",
        "SLACK_BOT_TOKEN_FILE": str(tmp_path / "file"),
        "CREDENTIALS_DIRECTORY": str(tmp_path),
    }
    for expected in ("xoxb-from-variable", "xoxb-from-file", "xoxb-from-credential"):
        token = load(tmp_path, SMALL, **sources).credentials.token
        assert token is not None
        assert token.get_secret_value() == expected
        sources.pop(next(iter(sources)))


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        pytest.param({"SLACK_BOT_TOKEN": "xoxp-canary-user"}, "is not a bot token", id="user token"),
        pytest.param({"SLACK_BOT_TOKEN": "xoxb-canary with blanks"}, "has no blanks", id="blanks"),
        pytest.param({"SLACK_BOT_TOKEN_FILE": "/nowhere/token"}, "there is no file", id="missing file"),
        pytest.param({"SLACK_WEBHOOK_URL": "canary"}, "is not a webhook address", id="webhook"),
    ],
)
def test_wrong_secret_is_said_without_being_shown(
    tmp_path: Path, environment: dict[str, str], words: str
) -> None:
    text = "\n".join(problems(tmp_path, SMALL, **environment))
    assert words in text
    assert "canary" not in text


def test_no_secret_in_repr(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/hook").write_text("https://hooks.slack.com/services/T/B/canary")
    values = SMALL | {"routes": [ROUTE | {"webhook_file": "hook"}]}
    settings = load(tmp_path, values, SLACK_BOT_TOKEN="xoxb-canary")
    assert "canary" not in repr(settings)
    assert list(settings.credentials.webhooks) == ["ai"]


@pytest.mark.parametrize("own", [True, False], ids=["the route's own", "the environment's"])
def test_edits_over_a_webhook_are_refused_with_the_fix(tmp_path: Path, own: bool) -> None:
    hook = tmp_path / "config/hook"
    hook.parent.mkdir()
    hook.write_text("https://hooks.slack.com/services/T/B/x")
    route = ROUTE | {"deliver": "immediate", "edits": True} | ({"webhook_file": "hook"} if own else {})
    environment = {} if own else {"SLACK_WEBHOOK_URL_FILE": str(hook)}
    (found,) = problems(tmp_path, SMALL | {"routes": [route]}, **environment)
    assert "routes[0].edits: a webhook cannot edit what it posted" in found and "SLACK_BOT_TOKEN" in found
    assert (
        load(tmp_path, SMALL | {"routes": [ROUTE | {"deliver": "immediate", "edits": True}]}).routes[0].edits
    )


def test_edits_of_a_digest_are_refused(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, SMALL | {"routes": [ROUTE | {"edits": True}]})
    assert "is never edited" in found


def test_webhook_of_the_environment_serves_where_there_is_no_token(tmp_path: Path) -> None:
    hook = "https://hooks.slack.com/services/T/B/x"
    without = load(tmp_path, SMALL | {"routes": [ROUTE]}, SLACK_WEBHOOK_URL=hook)
    assert list(without.credentials.webhooks) == ["ai"]
    token = load(tmp_path, SMALL | {"routes": [ROUTE]}, SLACK_WEBHOOK_URL=hook, SLACK_BOT_TOKEN="xoxb-1")
    assert not token.credentials.webhooks


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("2h", 7200), ("7d", 604800), (" 1 w ", 604800), ("0s", 0)],
)
def test_durations(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "5 minutes", "-1s", "1.5h", "5300w", "99999999w"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be a number and a unit|longer than any life"):
        duration(text)


@pytest.mark.parametrize("value", ["preview", {"mode": "preview"}], ids=["short", "long"])
def test_preview_is_one_word_or_a_mode(tmp_path: Path, value: object) -> None:
    assert load(tmp_path, SMALL | {"slack": value}).slack.mode == "preview"
    assert load(tmp_path, SMALL).slack.mode == "post"
    (problem,) = problems(tmp_path, SMALL | {"slack": "show"})
    assert "slack.mode" in problem


def test_other_code_that_reads_articles_reads_all_of_them_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load(tmp_path, SMALL)
    before, made_with = read_with(), output_of(settings).made_with
    (tmp_path / "__init__.py").write_text("other code")
    monkeypatch.setattr("syndicator.parse.__file__", str(tmp_path / "__init__.py"))
    _code.cache_clear()
    after, made_with_after = read_with(), output_of(settings).made_with
    _code.cache_clear()
    assert before != after
    assert made_with == made_with_after


def test_permalink_reaches_the_links_of_articles(tmp_path: Path) -> None:
    source = SOURCE | {"base_url": "https://b.example/"}
    plain, with_pattern = (
        load(tmp_path, SMALL | {"sources": [source | more]}).sources[0]
        for more in ({}, {"permalink": "/x/:slug/"})
    )
    text = b"---\ntitle: T\npublishedDateTime: 2026-03-14\n---\n"
    found = [parse_article(text, source=one, path="a.md") for one in (plain, with_pattern)]
    assert [one and one.link for one in found] == ["https://b.example/a", "https://b.example/x/a/"]
    assert reading(plain) != reading(with_pattern), "its files are read anew"
