/** The first page of the documentation, in Markdown: what the gateway is, and how to start. */
export const INTRODUCTION = `Every model that is ready has operations of its own below, typed from the model itself: the names, datatypes and
shapes that you see are those of the model, and the examples run as they stand.

- **Predict** (\`/v1/models/{model}/predict\`) takes and gives JSON as a person would write it.
- **Infer** (\`/v2/models/{model}/infer\`) speaks the Open Inference Protocol V2, with JSON and binary tensors, for
  clients of Triton, KServe and MLServer. The same protocol is served by gRPC on port 8001.

\`\`\`sh
curl http://localhost:8000/v1/models/language/predict \\
  --json '{"inputs": {"text": "The sun shines on the sea."}}'
\`\`\`

\`\`\`ts
const response = await fetch('http://localhost:8000/v1/models/language/predict', {
  method: 'POST',
  body: JSON.stringify({ inputs: { text: 'The sun shines on the sea.' } }),
});
console.log((await response.json()).outputs.label);
\`\`\`

\`\`\`python
import requests

body = {"inputs": {"text": "The sun shines on the sea."}}
response = requests.post("http://localhost:8000/v1/models/language/predict", json=body)
print(response.json()["outputs"]["label"])
\`\`\`

Every answer has the header \`x-request-id\`, which is also in the log of the server. Errors tell what was expected, what
came and how to fix it. On 429 and 503 the header \`Retry-After\` tells when to try again. The same documentation
is at [/docs](/docs), where requests can be sent, and at [/redoc](/redoc), for reading; [/openapi.json](/openapi.json) is made
for programs, and changes with the models that are loaded.`;
