import { mismatch } from '../../common/mismatch';
import { MAX_TEXTS } from '../../tasks/task-tensors';
import { jsonFloats } from '../../tensor/json/json-data';
import { modelOf, type Members } from './members';
import { firstScores } from './ranking';
import { taskDialect, taskRequest, type TaskRequest } from './task-dialect';
import { asItems, readPairs, textTensor } from './texts';
import { outputOf, tokenCount } from './vectors';

/** The names of the two members with the texts. */
const NAMES = [
  ['text_1', 'text_2'],
  ['queries', 'documents'],
  ['queries', 'items'],
  ['data_1', 'data_2'],
] as const;

/** `POST /score` of vLLM: the score of each pair of texts, in the order of the request. */
export const vllmScore = taskDialect<TaskRequest>({
  module: __filename,
  name: 'vllmScore',
  tasks: ['reranking'],
  read(body) {
    const names = NAMES.find((pair) => pair.every((name) => Object.hasOwn(body, name))) ?? NAMES[0];
    const inputs = readTwo(body, names);
    return taskRequest(modelOf(body), { inputs }, ['scores', 'tokens']);
  },
  write({ id, created, model, outputs, request }) {
    const tokens = tokenCount(outputs);
    return {
      id: `score-${id}`,
      object: 'list',
      created,
      model: request.model ?? model,
      data: jsonFloats(firstScores(outputOf(outputs, 'scores'))).map((score, index) => ({
        index,
        object: 'score',
        score,
      })),
      usage: { prompt_tokens: tokens, total_tokens: tokens, completion_tokens: 0 },
    };
  },
});

/** The pairs of one text with each of several, or of equally many texts. */
function readTwo(body: Members, [one, other]: readonly [string, string]) {
  const seconds = listOf(body[other], other);
  if (typeof body[one] === 'string') return readPairs(body[one], seconds, (index) => `${other}[${index}]`);
  const firsts = listOf(body[one], one);
  if (firsts.length === 1) return readPairs(firsts[0], seconds, (index) => `${other}[${index}]`);
  if (firsts.length !== seconds.length)
    throw mismatch(other, `${firsts.length} texts, as many as ${one}`, seconds);
  return [
    textTensor('text', firsts, (index) => `${one}[${index}]`),
    textTensor('text_pair', seconds, (index) => `${other}[${index}]`),
  ];
}

function listOf(value: unknown, path: string): readonly unknown[] {
  return typeof value === 'string' ? [value] : asItems(value, path, MAX_TEXTS);
}
