//! Every limit of the event and of the wire, with its reason. Nothing else decides a size.

/// Bytes of one event as sent. Large enough for a stack trace or a cart, small enough that the 500
/// events of a full batch cannot hold a writer's transaction for long.
pub const EVENT_BYTES_MAX: usize = 32 * 1024;

/// Events in one batch. The SDK sends 100; the rest is room for servers that batch harder.
pub const BATCH_EVENTS_MAX: usize = 500;

/// Bytes of one batch as sent, compressed or not.
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of one batch after decompression. JSON of this kind shrinks about 8 times; a body that
/// grows more is a mistake or an attack.
pub const BATCH_DECOMPRESSED_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Members of one object among the properties.
pub const PROPERTIES_MAX: usize = 64;

/// Containers inside one another, the properties object being the first.
pub const DEPTH_MAX: usize = 5;

/// Characters of a property's key.
pub const KEY_CHARS_MAX: usize = 64;

/// Characters of a string among the properties: a long URL fits, a document does not.
pub const STRING_CHARS_MAX: usize = 2048;

/// Bytes of a number as written. JavaScript writes at most 24.
pub const NUMBER_BYTES_MAX: usize = 64;

/// Decimal exponent of a number. A double ends at 1e308, and PostgreSQL's `jsonb` stores every
/// digit of what it is given.
pub const NUMBER_EXPONENT_MAX: i32 = 308;

/// Characters of an event's name; the column is `varchar(100)`.
pub const EVENT_NAME_CHARS_MAX: usize = 100;

/// Characters of a session id; the column is `varchar(100)`.
pub const SESSION_ID_CHARS_MAX: usize = 100;

/// Characters of a user id before it is hashed.
pub const USER_ID_CHARS_MAX: usize = 256;

/// The largest sequence number of an event in its session.
pub const SEQ_MAX: u32 = i32::MAX as u32;

/// How long before its receipt an event may have happened: 400 days, so that a year's backfill
/// with its margins is possible and a clock that says 1970 is not.
pub const TIMESTAMP_PAST_MAX_MS: i64 = 400 * DAY_MS;

/// How long after its receipt an event may claim to have happened: one day, for clocks set to the
/// wrong time zone by a sender that gives no `sent_at`.
pub const TIMESTAMP_FUTURE_MAX_MS: i64 = DAY_MS;

/// A sender's clock is corrected by `sent_at` only when it is off by more than this. Below it the
/// difference is mostly the network's delay, and correcting would add noise to good clocks.
pub const CLOCK_SKEW_MIN_MS: i64 = 10_000;

/// Bytes a browser lets a page have in flight by `sendBeacon` and `fetch` with `keepalive`, all
/// requests together (Fetch standard, "inflight keepalive bytes").
pub const BEACON_BYTES_MAX: usize = 64 * 1024;

/// Bytes of what is kept of a refused event's id, timestamp and number together: room for any that is
/// only a little wrong.
pub const SALVAGED_FIELD_BYTES_MAX: usize = 1024;

/// Reasons a batch may name in `dropped`, and kinds in `redacted`.
pub const COUNTS_MAX: usize = 16;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
