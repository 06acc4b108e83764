"""The client that openapi-python-client makes of the gateway's document. Argument: the address of HTTP."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from checks import check, run

URL = f"http://{sys.argv[1]}"
FOLDER = tempfile.TemporaryDirectory()
sys.path.append(FOLDER.name)


@check("generates without a warning")
def _():
    tools = Path(sys.executable).parent
    made = str(Path(FOLDER.name, "made"))
    options = ["--url", f"{URL}/openapi.json", "--output-path", made, "--meta", "none"]
    process = subprocess.run(
        [tools / "openapi-python-client", "generate", *options],
        env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    said = process.stdout + process.stderr
    assert process.returncode == 0 and said.split() == ["Generating", made], said


def client():
    from made import Client

    return Client(base_url=URL, raise_on_unexpected_status=True)


@check("predicts several rows")
def _():
    from made.api.model_labelled import labelled_predict
    from made.models import LabelledInputRows, LabelledRowsRequest

    body = LabelledRowsRequest(inputs=LabelledInputRows(x=[[1, 2, 3], [3, 2, 1]]))
    answer = labelled_predict.sync(client=client(), body=body)
    assert answer.outputs.y == [[3, 5, 7], [7, 5, 3]], answer
    assert [row[0].label for row in answer.classes.y] == ["bird", "cat"], answer


@check("predicts, asynchronously")
async def _():
    from made.api.model_affine import affine_predict
    from made.models import AffineInputs, AffineItemRequest

    body = AffineItemRequest(inputs=AffineInputs(x=[1, 2]))
    answer = await affine_predict.asyncio(client=client(), body=body)
    assert answer.outputs.y == [3, 5], answer


@check("lists models and reads what is known of one")
def _():
    from made.api.models import list_models, retrieve_model

    assert "affine" in [model.id for model in list_models.sync(client=client()).data]
    assert retrieve_model.sync("affine", client=client()).id == "affine"


@check("reads an error")
def _():
    from made.api.models import retrieve_model

    answer = retrieve_model.sync("no_such_model", client=client())
    assert answer.error.code == "model_not_found", answer


run()
