"""A folder of articles: what is new, changed or gone, and the bytes of what has come to rest.

`folder` hints where to look, `files` lists what is there, `changes` compares it with what is known and says
what has come to rest and what is believed gone, `files` reads it. The scanner in `entries` calls them in this
order; events are only hints, so a lost one costs time, never an article.
"""
