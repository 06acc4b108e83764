/** Where samples and texts of the documentation have the server; each reader gets the address that it is known by. */
export const SERVER = 'http://localhost:8000';

/** Longer bodies are fetched from the server, which has them at {@link examplePath}. */
const MAX_BODY = 600;

/** A sample in one language, as ReDoc shows it. */
export interface CodeSample {
  readonly lang: 'Shell' | 'TypeScript' | 'Python';
  readonly source: string;
}

/** Where the server has the example of `model` for a protocol. */
export function examplePath(model: string, protocol: 'predict' | 'infer'): string {
  return `/docs/examples/${encoded(model)}/${protocol}.json`;
}

/** `name` as a part of a path: also in quotes of a shell, Python and TypeScript. */
export function encoded(name: string): string {
  return encodeURIComponent(name).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** How to send `body` to `path`, in three languages: in full, or when it is long or undefined as fetched from `example`. */
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

/** JSON as Python reads it: only the words differ, and only outside of strings. */
function pythonLiteral(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|true|false|null/g, (token) => PYTHON[token] ?? token);
}

const PYTHON: Readonly<Record<string, string>> = { true: 'True', false: 'False', null: 'None' };
