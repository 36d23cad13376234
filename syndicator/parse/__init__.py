"""From a file's bytes to an Article, or to one ArticleError that says what is wrong and how to mend it.

    bytes -> front_matter (yaml_reader) -> fields (profiles)
          -> article (article_link, content, media, identity) -> Article

Nothing here touches disk, clock or network.
"""
