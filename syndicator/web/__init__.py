"""The output folder over HTTP, by a process of its own; it reads files and knows no database.

process.py   in the service: takes the address, starts the server's process, ends it
__main__.py  that process: granian, by its embedded server, with its limits
app.py       one request -> one response, from the files as they are
"""
