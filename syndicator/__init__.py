"""From a folder of articles to feeds and Slack alerts, in the order of the data.

    watch       what is new, changed or gone in a folder, and has come to rest
    parse       bytes to an article, or to a problem with line, column and fix
    entries     whose file it is, its topics, feeds and story: one transaction a batch
    store       entries, what is owed, messages
    publish     entries to feeds and pages, only those that changed
    notify      who is owed what, when, in which words
    slack       one message out, or looked up
    web         the published files over HTTP

`app` opens these parts, `loop` runs them when there is cause, `cli` has a module for each command,
`monitoring` and `admin` say how the service stands. docs/architecture.md walks a file and a story through
them.
"""

__version__ = "0.1.0"
