"""Settings: one YAML file and the environment, read once, into frozen models; all problems in one list.

`load.load_settings` is the way in. Each stage is handed its own part, never the whole.
"""
