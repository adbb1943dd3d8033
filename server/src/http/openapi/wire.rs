//! The batch and its reply for the document. The code reads and writes them in `pharos_model::wire`, as
//! text and without these types; the tests hold the two against one another.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A batch of at most 500 events, 1 MiB as sent and 8 MiB decompressed.
#[derive(Serialize, ToSchema)]
pub(crate) struct Batch {
    /// The project's key, if it stands neither in `Authorization` nor in `?key=`.
    #[schema(example = "pk_...")]
    key: Option<String>,
    /// The sender's clock as it sends: by it the events' times are corrected.
    #[schema(format = DateTime)]
    sent_at: Option<String>,
    sdk: Option<Sdk>,
    /// Facts that hold for every event: `page_url`, `page_title`, `referrer`, `language`, `screen`, `viewport`,
    /// `time_zone`; others are left out.
    context: Option<Map<String, Value>>,
    /// How many events the sender gave up, by reason, since it last said so.
    dropped: Option<Map<String, Value>>,
    events: Vec<SentEvent>,
}

/// What sent the batch.
#[derive(Serialize, ToSchema)]
struct Sdk {
    name: Option<String>,
    version: Option<String>,
}

/// One event as it is sent, at most 32 KiB.
#[derive(Serialize, ToSchema)]
struct SentEvent {
    /// A UUID of version 7, made once and kept across retries. Without one a retry is a new event.
    #[schema(format = Uuid)]
    id: Option<String>,
    #[schema(pattern = "^[a-z_]+$", max_length = 100)]
    event: String,
    #[schema(format = DateTime)]
    timestamp: String,
    /// At most 64, nested at most 5 deep. Personal data is removed before anything is stored.
    properties: Option<Map<String, Value>>,
    /// Hashed, and then keyed with the server's secret, before it is stored.
    #[schema(max_length = 256)]
    user_id: Option<String>,
    #[schema(max_length = 100)]
    session_id: Option<String>,
    /// Number of the event in its session, from 0: gaps tell what was lost.
    #[schema(minimum = 0)]
    seq: Option<i32>,
}

/// What became of each event. The counts add up to the number of events sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct Reply {
    accepted: u32,
    duplicate: u32,
    invalid: u32,
    filtered: u32,
    quarantined: u32,
    retry: u32,
    /// In the order sent.
    verdicts: Vec<EventVerdict>,
}

#[derive(Serialize, ToSchema)]
struct EventVerdict {
    /// As it was sent; made by the server where the event had none, `null` where it was not a string.
    id: Option<String>,
    verdict: VerdictName,
    /// Why it is `invalid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// The field that is `invalid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// What was expected of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Why it was `filtered`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// All but `retry` are final: the sender is done with the event.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "described, never made: pharos_model::wire::Verdict is")]
enum VerdictName {
    Accepted,
    Duplicate,
    Invalid,
    Filtered,
    Quarantined,
    Retry,
}
