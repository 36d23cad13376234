"""What only the operator sees, on an address of its own: health, metrics, the operator's page."""
