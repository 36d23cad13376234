"""How well entries of one event are told, on real articles: `python -m tests.stories --texts DIR`."""
