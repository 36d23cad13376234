"""What routes would have posted under other settings, by what the store has recorded.

    replay      one set of routes: the service's own decisions on what was recorded, kept in memory
    comparison  two replays side by side: what comes, what goes and why; which minimum gives how much
    page        the same as one HTML page

`replay` and `comparison` are pure; nothing here changes the store.
"""
