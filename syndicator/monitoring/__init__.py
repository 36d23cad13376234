"""How the service stands, for whoever runs it: found, judged, told in the same words everywhere."""
