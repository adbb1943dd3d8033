// Why an event was not stored, for programs (`code`, `field`) and for people (`message`). Never a value of the event.

/** What `logTelemetry` rejects with. */
export class TelemetryError extends Error {
  override readonly name = 'TelemetryError';
  /**
   * A stable word: a code of the model (`invalid_event_name`, `string_too_long`, ...) or of the server (`unknown_key`,
   * ...), or one of ours: `unavailable` (no answer in time), `queue_full`, `shut_down`, `not_configured`.
   */
  readonly code: string;
  /** The field that broke a rule, such as `properties.cart.0.note`. Empty where the event as a whole is meant. */
  readonly field: string;
  /** The event's id, if it got one. With it the event can be logged again: should it have arrived, it counts once. */
  readonly id: string | undefined;
  /** Whether the same event may be taken later. */
  readonly retryable: boolean;

  constructor(
    code: string,
    message: string,
    more: { field?: string; id?: string; retryable?: boolean } = {},
  ) {
    super(message);
    this.code = code;
    this.field = more.field ?? '';
    this.id = more.id;
    this.retryable = more.retryable ?? false;
  }
}

/** The error for an event that breaks a rule. */
export function refusal(code: string, field: string, expected: string): TelemetryError {
  const where = field ? ` in ${field}` : '';
  return new TelemetryError(code, `${code}${where}: expected ${expected}`, { field });
}
