"""From a file's bytes to an Article, or to one ArticleError that says what is wrong and how to mend it.

    bytes -> front_matter (yaml_reader, toml_json) -> fields (profiles, text, moments, links)
          -> article (content, shortcodes, identity) -> Article

Nothing here touches disk, clock or network.
"""
