import { BASE, type Call } from '../data/api.ts';

export const LANGUAGES = ['curl', 'TypeScript', 'Python'] as const;

export type Language = (typeof LANGUAGES)[number];

/** Name of the variable with the key; the key itself is never shown. */
const KEY = 'NEXUS_KEY';

/** `call` as code that runs elsewhere. */
export function codeFor(call: Call, language: Language, needsKey: boolean): string {
  const url = BASE + call.path;
  if (language === 'curl') return curl(call, url, needsKey);
  return language === 'Python' ? python(call, url, needsKey) : typescript(call, url, needsKey);
}

function curl({ json, file }: Call, url: string, needsKey: boolean): string {
  const lines = [`curl ${quoted(url)}`];
  if (needsKey) lines.push(`-H "authorization: Bearer $${KEY}"`);
  if (file !== undefined)
    lines.push(`-H ${quoted(`content-type: ${file.type}`)}`, `--data-binary ${quoted(`@${file.name}`)}`);
  else lines.push("-H 'content-type: application/json'", `-d ${quoted(JSON.stringify(json))}`);
  return lines.join(' \\\n  ');
}

/** `text` as one word of a shell. */
function quoted(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function typescript({ json, file }: Call, url: string, needsKey: boolean): string {
  const type = file === undefined ? 'application/json' : file.type;
  const key = needsKey ? `, authorization: \`Bearer \${process.env.${KEY}}\`` : '';
  const body =
    file === undefined
      ? `JSON.stringify(${JSON.stringify(json)})`
      : `await openAsBlob(${JSON.stringify(file.name)})`;
  const first = file === undefined ? '' : "import { openAsBlob } from 'node:fs';\n\n";
  return `${first}const response = await fetch(${JSON.stringify(url)}, {
  method: 'POST',
  headers: { 'content-type': '${type}'${key} },
  body: ${body},
});
console.log(await response.json());`;
}

function python({ json, file }: Call, url: string, needsKey: boolean): string {
  const first = needsKey ? 'import os\nimport requests\n' : 'import requests\n';
  const headers: string[] = [];
  if (file !== undefined) headers.push(`"content-type": "${file.type}"`);
  if (needsKey) headers.push(`"authorization": f"Bearer {os.environ['${KEY}']}"`);
  const lines = [JSON.stringify(url)];
  if (headers.length > 0) lines.push(`headers={${headers.join(', ')}}`);
  lines.push(file === undefined ? `json=${literal(json)}` : `data=open(${JSON.stringify(file.name)}, "rb")`);
  return `${first}
response = requests.post(
    ${lines.join(',\n    ')},
)
print(response.json())`;
}

/** A JSON value as Python. */
function literal(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, member]) => `${JSON.stringify(name)}: ${literal(member)}`,
  );
  return `{${members.join(', ')}}`;
}
