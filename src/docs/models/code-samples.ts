/** Placeholder for the server address in the documentation. Each client receives the address at which it reaches the server. */
export const SERVER = 'http://localhost:8000';

/** Samples fetch longer bodies from {@link examplePath}. */
const MAX_BODY = 600;

/** A code sample in one language, in the format of ReDoc. */
export interface CodeSample {
  readonly lang: 'Shell' | 'TypeScript' | 'Python';
  readonly source: string;
}

/** The path of the example of `model` for a protocol. */
export function examplePath(model: string, protocol: 'predict' | 'infer'): string {
  return `/docs/examples/${encoded(model)}/${protocol}.json`;
}

/** Encodes `name` as a path segment that is also safe in quotes of a shell, Python and TypeScript. */
export function encoded(name: string): string {
  return encodeURIComponent(name).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** How samples send the API key, which they take from the variable API_KEY. */
interface KeyForms {
  readonly shell: string;
  /** A member of the options of fetch, and the same options with it alone. */
  readonly typescript: string;
  readonly typescriptOptions: string;
  /** A named argument. */
  readonly python: string;
  readonly pythonImport: string;
}

const WITHOUT_KEY: KeyForms = {
  shell: '',
  typescript: '',
  typescriptOptions: '',
  python: '',
  pythonImport: '',
};

const WITH_KEY: KeyForms = {
  shell: ' -H "x-api-key: $API_KEY"',
  typescript: "  headers: { 'x-api-key': process.env.API_KEY },\n",
  typescriptOptions: ", { headers: { 'x-api-key': process.env.API_KEY } }",
  python: ', headers={"x-api-key": os.environ["API_KEY"]}',
  pythonImport: 'import os\n',
};

/**
 * Code that sends `body` to `path` in three languages. A long or undefined body is fetched from `example`.
 * @param needsKey whether requests need credentials.
 */
export function codeSamples(
  path: string,
  body: object | undefined,
  example: string,
  needsKey: boolean,
): readonly CodeSample[] {
  const json = JSON.stringify(body);
  const isShown = json !== undefined && json.length <= MAX_BODY;
  const key = needsKey ? WITH_KEY : WITHOUT_KEY;
  return [
    { lang: 'Shell', source: isShown ? shell(path, json, key) : shellFetched(path, example, key) },
    {
      lang: 'TypeScript',
      source: isShown ? typescript(path, json, key) : typescriptFetched(path, example, key),
    },
    { lang: 'Python', source: isShown ? python(path, json, key) : pythonFetched(path, example, key) },
  ];
}

function shell(path: string, json: string, key: KeyForms): string {
  return `curl ${SERVER}${path}${key.shell} \\\n  -d '${json.replaceAll("'", String.raw`'\''`)}'\n`;
}

function shellFetched(path: string, example: string, key: KeyForms): string {
  return `curl -s ${SERVER}${example}${key.shell} |\n  curl ${SERVER}${path}${key.shell} --data-binary @-\n`;
}

function typescript(path: string, json: string, key: KeyForms): string {
  return `const response = await fetch('${SERVER}${path}', {
  method: 'POST',
${key.typescript}  body: JSON.stringify(${json}),
});
console.log(await response.json());
`;
}

function typescriptFetched(path: string, example: string, key: KeyForms): string {
  return `const example = await fetch('${SERVER}${example}'${key.typescriptOptions});
const response = await fetch('${SERVER}${path}', {
  method: 'POST',
${key.typescript}  body: await example.text(),
});
console.log(await response.json());
`;
}

function python(path: string, json: string, key: KeyForms): string {
  return `${key.pythonImport}import requests

body = ${pythonLiteral(json)}
response = requests.post("${SERVER}${path}", json=body${key.python})
print(response.json())
`;
}

function pythonFetched(path: string, example: string, key: KeyForms): string {
  return `${key.pythonImport}import requests

body = requests.get("${SERVER}${example}"${key.python}).json()
response = requests.post("${SERVER}${path}", json=body${key.python})
print(response.json())
`;
}

/** Converts JSON to a Python literal. Only true, false and null outside of strings differ. */
function pythonLiteral(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|true|false|null/g, (token) => PYTHON[token] ?? token);
}

const PYTHON: Readonly<Record<string, string>> = { true: 'True', false: 'False', null: 'None' };
