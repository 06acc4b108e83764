"""Runs named checks, prints one line of JSON for each, and never stops at a failure."""

import json


def run(client, checks):
    """Runs every (name, function) and prints whether it passed, or why not."""
    for name, check in checks:
        try:
            check()
            result = {"client": client, "check": name, "outcome": "passed"}
        except Exception as error:
            reason = (str(error) or repr(error)).splitlines()[0]
            result = {"client": client, "check": name, "outcome": "failed", "reason": reason}
        print(json.dumps(result), flush=True)
