#!/usr/bin/env python3
"""Says what a PC/SC program sees of one reader, a line per change, with plain pyscard.

    watch_reader.py --reader "PurseKit 0 00 00"
    watch_reader.py --reader "PurseKit 0 00 00" --until present --timeout 20

Lines: `present ATR`, `mute` (a card without ATR), `empty`, `no reader`, `no service`.
With --until it ends with exit status 0 once a line starts with that word, with 1 at the timeout.
It outlives the daemon: when the service goes, it says so and looks for it again.
"""

import argparse
import sys
import time

try:
    from smartcard import scard
except ImportError:
    sys.exit("pyscard is missing: apt-get install python3-pyscard, and run with /usr/bin/python3")

# How long one look at the reader may block, and how long to wait for a service that is away.
LOOK_MS, AWAY_S = 200, 0.1


def states(reader):
    """Yields what the reader looks like whenever that was asked of PC/SC anew."""
    while True:
        status, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        if status != scard.SCARD_S_SUCCESS:
            yield "no service"
            time.sleep(AWAY_S)
            continue
        known = scard.SCARD_STATE_UNAWARE
        while True:
            status, seen = scard.SCardGetStatusChange(context, LOOK_MS, [(reader, known)])
            if status == scard.SCARD_E_TIMEOUT:
                yield None
                continue
            if status == scard.SCARD_E_UNKNOWN_READER:
                yield "no reader"
                time.sleep(AWAY_S)
                break
            if status != scard.SCARD_S_SUCCESS:
                yield "no service"
                time.sleep(AWAY_S)
                break
            _, known, atr = seen[0]
            if known & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE):
                yield "no reader"
                time.sleep(AWAY_S)
                break
            if known & scard.SCARD_STATE_MUTE:
                yield "mute"
            elif known & scard.SCARD_STATE_PRESENT:
                yield f"present {bytes(atr).hex().upper()}".strip()
            elif known & scard.SCARD_STATE_EMPTY:
                yield "empty"
        scard.SCardReleaseContext(context)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--reader", required=True, help="the reader's full PC/SC name")
    parser.add_argument("--until", help="end at a line that starts with this word")
    parser.add_argument("--timeout", type=float, default=None, metavar="SECONDS")
    options = parser.parse_args()
    start, last = time.monotonic(), None
    for state in states(options.reader):
        if state is not None and state != last:
            last = state
            print(state, flush=True)
            if options.until and state.split()[0] == options.until:
                return 0
        if options.timeout is not None and time.monotonic() - start > options.timeout:
            print(f"after {options.timeout:g} s the reader is: {last}", file=sys.stderr)
            return 1
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
