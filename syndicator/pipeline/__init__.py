"""The stages joined, in the order in which data flows. The only place that knows more than one of them.

look at the folder | read what has come to rest | recognise whose it is | stand it in feeds
                   | announce it | write messages owed | publish what changed

desk        one source's folder: look, read
recognise   which entry is this file (pure)
standing    where it stands, in which order (pure)
shelves     the topics
intake      a batch into the store, and all that follows from it
announcing, mailing     from a change to a story owed to a message owed
output      from what is dirty to files
flow        all of it in order
explain     why
"""
