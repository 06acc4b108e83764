/** Values that {@link plainYaml} reads. */
type Plain = string | number | boolean | readonly Plain[] | { readonly [name: string]: Plain };

type Entry = Record<string, Plain>;

const SKIPPED = /^ *(#.*)?$/;
const SECTION = /^([a-z]+):$/;
const PROPERTY = /^( *)(- )?([a-z][a-z_]*): (.+)$/;
const QUOTED = /^(?:"([ !#-[\]-~]*)"|'([ -&(-~]*)')$/;
/** Letters come first, so that it is no number; a colon or a hash would need a look around it. */
const WORDS = /^[A-Za-z](?:[\w./@,-]|:(?=[\w/]))*(?: [\w./@,-]+)*$/;
const WORD_IN_FLOW = /^[A-Za-z][\w./@*-]*$/;
const DATE = /^\d{4}-\d\d-\d\d$/;
const NUMBER = /^[1-9]\d{0,14}$/;
/** Words that YAML reads as other values than text. */
const CONSTANT = /^(true|false|null)$/i;

/**
 * The lists in `text`, if it is YAML of the plain form that the command `keys` writes: lists of maps, with a property on
 * each line. Undefined for any other text. It is several times as fast as a YAML parser.
 */
export function plainYaml(text: string): Readonly<Record<string, readonly Entry[]>> | undefined {
  const lists: Record<string, Entry[]> = {};
  let list: Entry[] | undefined;
  let entry: Entry = {};
  /** Spaces before the dash of an entry. */
  let indent: number | undefined;
  for (const line of text.split('\n')) {
    if (SKIPPED.test(line)) continue;
    const section = SECTION.exec(line)?.[1];
    if (section !== undefined) {
      if (list?.length === 0 || Object.hasOwn(lists, section)) return undefined;
      list = lists[section] = [];
      indent = undefined;
      continue;
    }
    const property = PROPERTY.exec(line);
    if (property === null || list === undefined) return undefined;
    const spaces = property[1]!.length;
    if (property[2] !== undefined) {
      indent ??= spaces;
      if (spaces !== indent) return undefined;
      entry = {};
      list.push(entry);
    } else if (indent === undefined || spaces !== indent + 2) return undefined;
    const name = property[3]!;
    const value = valueOf(property[4]!);
    if (value === undefined) return undefined;
    if (Object.hasOwn(entry, name)) return undefined;
    entry[name] = value;
  }
  return list === undefined || list.length === 0 ? undefined : lists;
}

function valueOf(text: string): Plain | undefined {
  if (text.startsWith('[')) return listOf(text);
  if (text.startsWith('{')) return mapOf(text);
  return scalarOf(text, WORDS);
}

function scalarOf(text: string, words: RegExp): Plain | undefined {
  const quoted = QUOTED.exec(text);
  if (quoted !== null) return quoted[1] ?? quoted[2];
  if (text === 'true' || text === 'false') return text === 'true';
  if (NUMBER.test(text)) return Number(text);
  return (words.test(text) && !CONSTANT.test(text)) || DATE.test(text) ? text : undefined;
}

function listOf(text: string): readonly Plain[] | undefined {
  const items = partsOf(text, ']')?.map((part) => scalarOf(part, WORD_IN_FLOW));
  return items?.every((item) => item !== undefined) === true ? items : undefined;
}

function mapOf(text: string): Entry | undefined {
  const map: Entry = {};
  for (const part of partsOf(text, '}') ?? ['']) {
    const [, name, written = ''] = /^([a-z][a-z_]*): (.+)$/.exec(part) ?? [];
    const value = scalarOf(written, WORD_IN_FLOW);
    if (name === undefined || value === undefined || Object.hasOwn(map, name)) return undefined;
    map[name] = value;
  }
  return map;
}

/** The parts of a list or map in brackets. Text with a comma in quotes makes a part that is not a scalar. */
function partsOf(text: string, end: string): readonly string[] | undefined {
  return text.endsWith(end) ? text.slice(1, -1).trim().split(/ *, */) : undefined;
}
