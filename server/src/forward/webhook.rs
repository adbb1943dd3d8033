//! A webhook: events as they are stored, to an address of one's own, in signed batches. Knows nothing of
//! who receives them.

use pharos_model::Timestamp;
use serde_json::{Value, json};

use super::{Formed, GIVE_UP_AFTER_MS, Outgoing, Request};

/// Events of a request.
const EVENTS_MAX: usize = 100;

/// Bytes of a body, about: many receivers take no more than 1 MiB.
const BODY_BYTES_MAX: usize = 1_000_000;

/// Where events go.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// The address.
    pub url: String,
    /// What batches are signed with.
    pub secret: String,
}

impl Webhook {
    /// The requests that hold `events`, in the order given.
    pub(super) fn form(&self, events: &[Outgoing], now: Timestamp) -> Formed {
        let mut formed = Formed::default();
        let mut events = events.iter().peekable();
        while let Some(first) = events.peek().map(|event| event.project_id) {
            let (mut ids, mut texts, mut bytes) = (Vec::new(), Vec::new(), 0);
            while let Some(event) = events.next_if(|event| {
                event.project_id == first
                    && ids.len() < EVENTS_MAX
                    && (ids.is_empty() || bytes + event.properties.len() <= BODY_BYTES_MAX)
            }) {
                if now.unix_ms() - event.enqueued_at.unix_ms() > GIVE_UP_AFTER_MS {
                    formed.refuse(event, "gave_up");
                    continue;
                }
                let text = text(event);
                bytes += text.len();
                ids.push(event.id.clone());
                texts.push(text);
            }
            if !ids.is_empty() {
                let body = format!(r#"{{"project_id":{first},"events":[{}]}}"#, texts.join(","));
                let (project_id, url) = (first, self.url.clone());
                let request = Request { project_id, attempts: 0, event_ids: ids, url, body, check: None };
                formed.requests.push(request);
            }
        }
        formed
    }
}

/// An event as `GET /v1/events` shows it.
fn text(event: &Outgoing) -> String {
    let object = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    json!({
        "id": event.id, "event": event.event, "timestamp": event.timestamp.to_string(),
        "properties": object(&event.properties), "user_id": event.user_id, "session_id": event.session_id,
        "source": event.source, "seq": event.seq, "context": object(&event.context),
        "created_at": event.created_at.to_string(),
    })
    .to_string()
}
