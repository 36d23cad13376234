"""`python -m syndicator` is the same as `syndicator`."""

from syndicator.cli import main

main()
