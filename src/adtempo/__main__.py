"""`python -m adtempo` and the `adtempo` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from adtempo.cli.main import app

    app()


if __name__ == "__main__":
    main()
