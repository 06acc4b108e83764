/** Where the samples expect the gateway; readers know their own address. */
const HOST = 'http://localhost:8000';

/** Longer bodies are read from a file. */
const MAX_BODY = 600;

/** How to send `body` to `path` of this gateway, in three languages, as ReDoc shows them. */
export function codeSamples(path: string, body: object): readonly { lang: string; source: string }[] {
  const json = JSON.stringify(body);
  return [
    { lang: 'Shell', source: shell(path, json) },
    { lang: 'TypeScript', source: typescript(path, json) },
    { lang: 'Python', source: python(path, json) },
  ];
}

function shell(path: string, json: string): string {
  const data = json.length > MAX_BODY ? '@body.json' : `'${json.replaceAll("'", String.raw`'\''`)}'`;
  return `curl ${HOST}${path} \\\n  --json ${data}\n`;
}

function typescript(path: string, json: string): string {
  const [prelude, body] =
    json.length > MAX_BODY
      ? ["import { readFile } from 'node:fs/promises';\n\n", "await readFile('body.json')"]
      : ['', `JSON.stringify(${json})`];
  return `${prelude}const response = await fetch('${HOST}${path}', {
  method: 'POST',
  body: ${body},
});
console.log(await response.json());
`;
}

function python(path: string, json: string): string {
  const body = json.length > MAX_BODY ? 'json.load(open("body.json"))' : pythonLiteral(json);
  const prelude = json.length > MAX_BODY ? 'import json\nimport requests' : 'import requests';
  return `${prelude}

response = requests.post("${HOST}${path}", json=${body})
print(response.json())
`;
}

/** JSON as Python reads it: only the words differ, and only outside of strings. */
function pythonLiteral(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|true|false|null/g, (token) => PYTHON[token] ?? token);
}

const PYTHON: Readonly<Record<string, string>> = { true: 'True', false: 'False', null: 'None' };
