import { useState } from 'preact/hooks';
import type { Call } from '../data/api.ts';
import { Copy } from '../ui/parts.tsx';
import { useConsole } from '../ui/use-console.ts';
import { codeFor, LANGUAGES, type Language } from './code.ts';

/** The call as code, in one of several languages. */
export function Code({ call }: { call: Call }) {
  const { api } = useConsole();
  const [language, setLanguage] = useState<Language>('curl');
  const code = codeFor(call, language, api.hasKey);
  return (
    <div class="samples">
      <div class="row">
        <fieldset class="switch">
          <legend class="hidden">Language</legend>
          {LANGUAGES.map((name) => (
            <label key={name}>
              <input
                type="radio"
                name="language"
                checked={name === language}
                onChange={() => setLanguage(name)}
              />
              {name}
            </label>
          ))}
        </fieldset>
        <Copy text={code} label={`${language} code`} />
      </div>
      <pre class="code" tabIndex={0} aria-label={`The same call in ${language}`}>
        {code}
      </pre>
    </div>
  );
}
