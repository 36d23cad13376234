"""The output folder over HTTP, by a process of its own; it reads files and knows no database.

process.py     in the service: takes the address, starts the server's process, starts it again, ends it
__main__.py    that process: granian, by its embedded server, with its limits
app.py         one request -> one response: the few lines that join the rest
addresses.py   path -> a place in the output folder, or where else to look (pure)
folder.py      the output folder: a file as a Document, kept in memory until the file changes
documents.py   a file's bytes -> Document: type, headers, tags (pure)
answers.py     what was found -> status, headers, body (pure)
conditions.py  If-None-Match, If-Modified-Since, Accept-Encoding (pure)
"""
