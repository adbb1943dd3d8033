//! Google Analytics 4, by the Measurement Protocol. Builds requests that the protocol takes; what it would
//! drop or change is refused here, with a reason. Sends no user id, no address and no context.

pub mod limits;
pub mod mapping;

use std::collections::BTreeMap;

use pharos_model::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use self::{
    limits::{BODY_BYTES_MAX, EVENTS_MAX},
    mapping::{Mapping, client_id},
};
use super::{Formed, Outgoing, Request};

/// Where events go, and how.
#[derive(Debug, Clone)]
pub struct Ga4 {
    /// The web stream, `G-...`.
    pub measurement_id: String,
    /// The stream's secret for this protocol.
    pub api_secret: String,
    /// Scheme and host.
    pub endpoint: String,
    /// Which properties are sent.
    pub mapping: Mapping,
    /// Whether Google's validation server is asked first.
    pub debug: bool,
}

/// Bytes of a body besides its events.
const FRAME_BYTES: usize = 512;

impl Ga4 {
    /// The requests that hold `events`: one client each, its events in the order given.
    pub(super) fn form(&self, events: &[Outgoing], now: Timestamp) -> Formed {
        let mut formed = Formed::default();
        let mut clients: BTreeMap<(i32, String), Vec<(&Outgoing, Value)>> = BTreeMap::new();
        for event in events {
            match self.mapping.event(event, now) {
                Ok(mapped) => {
                    clients.entry((event.project_id, client_id(event))).or_default().push((event, mapped));
                }
                Err(unfit) => formed.refuse(event, unfit.code()),
            }
        }
        for ((project_id, client_id), events) in clients {
            let mut events = events.into_iter().peekable();
            while events.peek().is_some() {
                let (mut ids, mut values, mut bytes) = (Vec::new(), Vec::new(), FRAME_BYTES);
                while let Some((event, value)) = events.next_if(|(_, value)| {
                    bytes += value.to_string().len() + 1;
                    values.is_empty() || (values.len() < self.events_max() && bytes <= BODY_BYTES_MAX)
                }) {
                    ids.push(event.id.clone());
                    values.push(value);
                }
                let body = body(&client_id, &values);
                let check = self.debug.then(|| {
                    let mut body = body.clone();
                    body["validation_behavior"] = json!("ENFORCE_RECOMMENDATIONS");
                    (self.url("/debug/mp/collect"), body.to_string())
                });
                let (url, body) = (self.url("/mp/collect"), body.to_string());
                formed.requests.push(Request { project_id, attempts: 0, event_ids: ids, url, body, check });
            }
        }
        formed
    }

    /// Each alone while debugging: the validation server does not always say which one it means.
    fn events_max(&self) -> usize {
        if self.debug { 1 } else { EVENTS_MAX }
    }

    fn url(&self, path: &str) -> String {
        // Both are of letters, digits, - and _ alone.
        let (id, secret) = (&self.measurement_id, &self.api_secret);
        format!("{}{path}?measurement_id={id}&api_secret={secret}", self.endpoint)
    }
}

fn body(client_id: &str, events: &[Value]) -> Value {
    // Consent to being counted is no consent to advertising.
    json!({
        "client_id": client_id,
        "consent": { "ad_user_data": "DENIED", "ad_personalization": "DENIED" },
        "events": events,
    })
}

/// What the validation server found wrong: its code for the first thing, if any.
pub(super) fn validation_code(answer: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        #[serde(default)]
        validation_messages: Vec<Message>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Message {
        #[serde(default)]
        validation_code: String,
    }
    let answer: Answer = serde_json::from_slice(answer).ok()?;
    let code = answer.validation_messages.into_iter().next()?.validation_code;
    let is_code = !code.is_empty() && code.bytes().all(|byte| byte == b'_' || byte.is_ascii_uppercase());
    Some(if is_code { format!("ga4_{}", code.to_ascii_lowercase()) } else { "ga4_invalid".to_owned() })
}
