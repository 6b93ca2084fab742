"""`python -m compliance.witness`: the witness without Django."""

import sys
from argparse import ArgumentParser

from compliance.witness.command import arguments, carry_out
from compliance.witness.errors import WitnessError


def main() -> None:
    """Carries out the command line; status 1 and a line where it cannot be."""
    parser = ArgumentParser(prog="witness", description="Cosign checkpoints of logs that only grow.")
    arguments(parser)
    try:
        carry_out(vars(parser.parse_args()), lambda line: print(line, flush=True))
    except WitnessError as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
