"""`python -m functions.runtime NAME… | all [--port P | --fd N]`: serve functions (one image, any function)."""

from __future__ import annotations

import argparse
import gc
import os
import sys


def main() -> None:
    """Parse the command line and serve; a wrong setting or name is one line on standard error."""
    parser = argparse.ArgumentParser(prog="python -m functions.runtime", description=__doc__)
    parser.add_argument("names", nargs="*", help="functions to serve, or `all`; by default K_SERVICE's")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8080")))
    parser.add_argument(
        "--fd",
        type=int,
        action="append",
        default=[],
        help="a listening socket that was handed over; may be repeated",
    )
    arguments = parser.parse_args()
    names = arguments.names or os.environ.get("K_SERVICE", "").split()
    gc.disable()  # imports make no garbage; `serve` turns it on again
    from functions.runtime.registry import UnknownFunctionError, folders, load
    from process.settings import SettingsError

    try:
        functions = [load(name) for name in (folders() if names == ["all"] else names)]
        if not functions:
            parser.error("name a function, or `all`")
        from functions.runtime.serve import serve

        serve(functions, port=arguments.port, fds=arguments.fd)
    except (UnknownFunctionError, SettingsError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
