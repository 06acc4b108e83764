import fc from 'fast-check';
import { AnswerUsage } from '../../../../src/inference/forwarding/answer-usage';
import { StreamUsage } from '../../../../src/inference/forwarding/stream-usage';
import type { UsageReader } from '../../../../src/inference/forwarding/usage-reader';
import { piecesOf } from './json-text';

const cuts = fc.array(fc.nat(), { maxLength: 6 });
const ends = fc.constantFrom('\n', '\r\n');

function passed<Reader extends UsageReader>(
  reader: Reader,
  text: string,
  at: readonly number[] = [],
): Reader {
  for (const piece of piecesOf(Buffer.from(text), at)) reader.push(piece);
  return reader;
}

const chunk = (delta: object) => ({ id: 'c', choices: [{ index: 0, delta }], usage: null });
const CHAT = [
  chunk({ role: 'assistant', content: '' }),
  chunk({ content: 'Hé' }),
  chunk({ content: ' "usage": {' }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: '{"a"' } }] }),
  { id: 'c', choices: [], usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 } },
];
const RESPONSES = [
  { type: 'response.created', response: { id: 'r', usage: null, instructions: { text: 'a' } } },
  { type: 'response.output_text.delta', delta: 'He' },
  { type: 'response.output_text.delta', delta: 'llo' },
  { type: 'response.output_text.done', text: 'Hello' },
  { type: 'response.completed', response: { id: 'r', usage: { input_tokens: 5, output_tokens: 2 } } },
];

describe('a stream', () => {
  it.each([
    ['chat completion', CHAT, { prompt: 9, completion: 4 }, 3],
    ['response', RESPONSES, { prompt: 5, completion: 2 }, 2],
  ])('of a %s says what it has used, in any pieces', (_what, events, usage, pieces) => {
    fc.assert(
      fc.property(ends, cuts, (end, at) => {
        const lines = events.map((event) => `event: x${end}data: ${JSON.stringify(event)}${end}${end}`);
        const reader = passed(
          new StreamUsage(),
          `: hi${end}${end}${lines.join('')}data: [DONE]${end}${end}`,
          at,
        );
        expect(reader).toMatchObject({ pieces, isBetweenEvents: true });
        expect(reader.usage()).toEqual(usage);
      }),
    );
  });

  it('without usage has the pieces of its text', () => {
    const reader = passed(
      new StreamUsage(),
      CHAT.slice(0, 4)
        .map((event) => `data:${JSON.stringify(event)}\n\n`)
        .join(''),
    );
    expect(reader.pieces).toBe(3);
    expect(reader.usage()).toBeUndefined();
  });

  it('knows whether an event has ended', () => {
    const reader = new StreamUsage();
    expect(reader.isBetweenEvents).toBe(true);
    const after = ['data: {"a"', ':1}\n', '\n', 'data: 1\r\n', '\r', '\n'].map(
      (text) => passed(reader, text).isBetweenEvents,
    );
    expect(after).toEqual([false, false, true, false, false, true]);
  });

  it('passes lines that are too long, and keeps none of them', () => {
    const reader = new StreamUsage();
    const long = `data: {"usage":{"prompt_tokens":1},"content":"${'x'.repeat(40_000)}`;
    for (let index = 0; index < 50; index++) passed(reader, long);
    expect(JSON.stringify(reader).length).toBeLessThan(1000);
    passed(reader, '\ndata: {"usage":{"prompt_tokens":7}}\n\n');
    expect(reader.usage()).toEqual({ prompt: 7, completion: 0 });
  });

  it.each(['{"usage":{"prompt_tokens":-1}}', '{"usage":{"prompt_tokens":1e12}}', '{"usage":{'])(
    'does not believe %s',
    (data) => {
      expect(passed(new StreamUsage(), `data: ${data}\n\n`).usage()).toBeUndefined();
    },
  );
});

describe('a whole response', () => {
  it('says what it has used, in any pieces', () => {
    const text = JSON.stringify(
      { a: { usage: 1 }, usage: { prompt_tokens: 3, completion_tokens: 2, details: { usage: {} } }, b: 'é' },
      null,
      1,
    );
    fc.assert(
      fc.property(cuts, (at) => {
        expect(passed(new AnswerUsage(), text, at).usage()).toEqual({ prompt: 3, completion: 2 });
      }),
    );
  });

  it.each([
    ['text', 'Hello'],
    ['JSON without usage', '{"a":1}'],
    ['a large one', `{"a":"${'x'.repeat(1024 * 1024)}","usage":{"prompt_tokens":1}}`],
    ['a large usage', `{"usage":{"prompt_tokens":1,"x":"${'x'.repeat(20_000)}"}}`],
    ['a usage that is none', '{"usage":[1]}'],
    ['half a usage', '{"usage":{"prompt_tokens":1,'],
  ])('that is %s says nothing', (_what, text) => {
    expect(passed(new AnswerUsage(), text, [20]).usage()).toBeUndefined();
  });
});
