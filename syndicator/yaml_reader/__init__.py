"""YAML read safely: `events.read_yaml` gives plain values with the place of each, and blows up at nothing."""
