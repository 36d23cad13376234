"""What publish wrote, over HTTP: a request is decided by pure functions and answered from memory.

server.py      granian -> Request; Response -> granian: listening, limits, stopping
app.py         Request -> Response: the few lines that join the rest
addresses.py   path -> a place in the output folder, or why not; topics that moved (pure)
moved.py       the file of moved and gone topics, read again when it changes
folder.py      the output folder: a file as a Document, kept in memory (or its tags) until the file changes
documents.py   a file's bytes -> Document: type, tags, compressed form (pure)
conditions.py  If-None-Match, If-Modified-Since, Accept-Encoding (pure)
answers.py     Request + what was found -> Response (pure)
messages.py    Request, Response, App
"""
