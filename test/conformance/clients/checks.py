"""The frame of every client: named checks, one line of JSON for each, and no failure that stops the others."""

import asyncio
import inspect
import json

checks = []


def check(name):
    """Makes a check of a function, which may be a coroutine; it fails by raising."""
    return lambda function: checks.append((name, function))


def skip(reason):
    """Ends the client without a check: it cannot run on this machine."""
    print(json.dumps({"outcome": "skipped", "reason": reason}))
    raise SystemExit


def run():
    """Runs every check, in order, and prints whether it passed, or why not."""
    for name, function in checks:
        try:
            outcome = function()
            if inspect.iscoroutine(outcome):
                asyncio.run(outcome)
            print(json.dumps({"check": name, "outcome": "passed"}), flush=True)
        except Exception as error:
            reason = (str(error) or repr(error)).splitlines()[0]
            print(json.dumps({"check": name, "outcome": "failed", "reason": reason}), flush=True)


def refused(call, *texts):
    """Fails unless `call` raises, with every one of `texts` in its message. Returns the error."""
    try:
        call()
    except Exception as error:
        missing = [text for text in texts if text not in str(error)]
        assert not missing, f"expected {missing} in the refusal, got: {error}"
        return error
    raise AssertionError(f"expected a refusal with {texts}, got success")
