"""`python -m dse`: the command line."""

from dse.cli.main import main

if __name__ == "__main__":
    main()
