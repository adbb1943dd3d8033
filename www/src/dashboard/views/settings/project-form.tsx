// The project's name, the origins whose pages may send to it, and its rules for personal data.

import { useState } from 'preact/hooks';
import { ApiError, changeProject, type Project } from '../../api';
import { useAction } from '../../components/dialog';
import { Problem } from '../../components/states';

export function ProjectForm({ project, onSaved }: { project: Project; onSaved: () => void }) {
  const [name, setName] = useState(project.name);
  const [origins, setOrigins] = useState((project.allowed_origins ?? []).join('\n'));
  const [rules, setRules] = useState(project.pii_rules ? JSON.stringify(project.pii_rules, null, 2) : '');
  const [isSaved, setSaved] = useState(false);
  const { busy, error, run } = useAction(async () => {
    setSaved(false);
    await changeProject({
      name,
      allowed_origins: origins.trim() ? origins.trim().split(/\s+/) : null,
      pii_rules: rules.trim() ? rulesIn(rules) : null,
    });
    setSaved(true);
    onSaved();
  });

  return (
    <form
      class="form narrow"
      onSubmit={(event) => {
        event.preventDefault();
        run();
      }}
    >
      <label class="field">
        <span>Name</span>
        <input
          required
          maxLength={100}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>
          Origins whose pages may send, one on each line; none: as the server is set, any by default
        </span>
        <textarea
          rows={3}
          spellcheck={false}
          placeholder="https://shop.example.com"
          value={origins}
          onInput={(event) => setOrigins(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>Rules for personal data, as JSON; none: as the server is set, the strict ones by default</span>
        <textarea
          rows={8}
          spellcheck={false}
          placeholder={'{ "kinds": { "ip": "keep" }, "allow": ["support_email"] }'}
          value={rules}
          onInput={(event) => setRules(event.currentTarget.value)}
        />
      </label>
      {error && <Problem error={withField(error)} />}
      {isSaved && (
        <p class="note" role="status">
          Saved. It holds for what arrives from now on.
        </p>
      )}
      <div class="buttons">
        <button type="submit" class="button primary" disabled={busy}>
          Save
        </button>
      </div>
    </form>
  );
}

function rulesIn(text: string) {
  try {
    return JSON.parse(text) as Project['pii_rules'];
  } catch (error) {
    throw new Error(`The rules are not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The server names the part that is wrong. */
function withField(error: Error): Error {
  return error instanceof ApiError && error.field ? new Error(`${error.field}: ${error.message}`) : error;
}
