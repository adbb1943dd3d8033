// One labelled field of a form, with an optional hint tied to it.

interface FieldProps {
  label: string;
  name: string;
  type?: 'text' | 'email' | 'tel';
  inputMode?: 'numeric';
  autocomplete?: 'name' | 'email' | 'tel' | 'street-address';
  pattern?: string;
  hint?: string;
}

/** A required field: this shop asks for nothing it could do without. */
export function Field({ label, name, hint, type = 'text', ...rest }: FieldProps) {
  const hintId = hint ? `${name}-hint` : undefined;
  // The cast below: Preact types each kind of input apart; these three take the same attributes.
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <input id={name} name={name} type={type as 'text'} aria-describedby={hintId} required {...rest} />
      {hint && (
        <p id={hintId} class="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

/** The form's fields as strings, trimmed. */
export function valuesOf(form: HTMLFormElement): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of new FormData(form)) values[name] = String(value).trim();
  return values;
}

/** Fills fields by name, as typing would. */
export function fill(form: HTMLFormElement, values: Record<string, string>): void {
  for (const [name, value] of Object.entries(values)) {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLInputElement) field.value = value;
  }
}
