import { useEffect, useState } from 'preact/hooks';

interface Props {
  readonly model: string;
  readonly onBody: (body: unknown) => void;
}

/** A query, and documents that are ranked for it. */
export function Rerank({ model, onBody }: Props) {
  const [query, setQuery] = useState('How do I get to the station?');
  const [documents, setDocuments] = useState('The station is two streets from here.\nThe soup is too hot.');
  useEffect(() => {
    const lines = documents.split('\n').filter((line) => line.trim() !== '');
    onBody({ model, query, documents: lines, return_documents: true });
  }, [model, query, documents]);
  return (
    <>
      <label class="block">
        Query
        <input type="text" value={query} onInput={({ currentTarget }) => setQuery(currentTarget.value)} />
      </label>
      <label class="block">
        Documents, one a line
        <textarea
          rows={4}
          value={documents}
          onInput={({ currentTarget }) => setDocuments(currentTarget.value)}
        />
      </label>
    </>
  );
}

/** A message to a language model. */
export function Chat({ model, onBody }: Props) {
  const [message, setMessage] = useState('Why is the sky blue? Answer in one sentence.');
  useEffect(
    () => onBody({ model, messages: [{ role: 'user', content: message }], max_tokens: 200 }),
    [model, message],
  );
  return (
    <label class="block">
      Message
      <textarea rows={4} value={message} onInput={({ currentTarget }) => setMessage(currentTarget.value)} />
    </label>
  );
}
