"""OpenAI's client: what it asks of the list of models. Arguments: the address of HTTP, and a key or nothing."""

import sys

import openai

from checks import check, refused, run

URL, KEY = [*sys.argv[1:], ""][:2]
client = openai.OpenAI(base_url=f"http://{URL}/v1", api_key=KEY or "any", max_retries=0)


@check("lists the models")
def _():
    models = {model.id: model for model in client.models.list()}
    assert models["affine"].object == "model", models


@check("retrieves a model")
def _():
    assert client.models.retrieve("affine").id == "affine"


@check("an unknown model is not found")
def _():
    assert isinstance(refused(lambda: client.models.retrieve("no_such_model"), "no_such_model"), openai.NotFoundError)


if KEY:

    @check("a wrong key is refused")
    def _():
        other = client.with_options(api_key=f"{KEY}0")
        error = refused(lambda: other.models.list(), "credentials")
        assert isinstance(error, openai.AuthenticationError) and error.code == "unauthenticated", error


run()
