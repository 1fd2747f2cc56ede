"""`python -m retrospec` is the command `retrospec`."""

from retrospec.cli.main import run

if __name__ == "__main__":
    run()
