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

/** Code that sends `body` to `path` in three languages. A long or undefined body is fetched from `example`. */
export function codeSamples(path: string, body: object | undefined, example: string): readonly CodeSample[] {
  const json = JSON.stringify(body);
  const isShown = json !== undefined && json.length <= MAX_BODY;
  return [
    { lang: 'Shell', source: isShown ? shell(path, json) : shellFetched(path, example) },
    { lang: 'TypeScript', source: isShown ? typescript(path, json) : typescriptFetched(path, example) },
    { lang: 'Python', source: isShown ? python(path, json) : pythonFetched(path, example) },
  ];
}

function shell(path: string, json: string): string {
  return `curl ${SERVER}${path} \\\n  -d '${json.replaceAll("'", String.raw`'\''`)}'\n`;
}

function shellFetched(path: string, example: string): string {
  return `curl -s ${SERVER}${example} |\n  curl ${SERVER}${path} --data-binary @-\n`;
}

function typescript(path: string, json: string): string {
  return `const response = await fetch('${SERVER}${path}', {
  method: 'POST',
  body: JSON.stringify(${json}),
});
console.log(await response.json());
`;
}

function typescriptFetched(path: string, example: string): string {
  return `const example = await fetch('${SERVER}${example}');
const response = await fetch('${SERVER}${path}', {
  method: 'POST',
  body: await example.text(),
});
console.log(await response.json());
`;
}

function python(path: string, json: string): string {
  return `import requests

body = ${pythonLiteral(json)}
response = requests.post("${SERVER}${path}", json=body)
print(response.json())
`;
}

function pythonFetched(path: string, example: string): string {
  return `import requests

body = requests.get("${SERVER}${example}").json()
response = requests.post("${SERVER}${path}", json=body)
print(response.json())
`;
}

/** Converts JSON to a Python literal. Only true, false and null outside of strings differ. */
function pythonLiteral(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|true|false|null/g, (token) => PYTHON[token] ?? token);
}

const PYTHON: Readonly<Record<string, string>> = { true: 'True', false: 'False', null: 'None' };
