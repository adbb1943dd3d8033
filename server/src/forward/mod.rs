//! Sending events on: to Google Analytics 4, to a webhook. A destination is a rule for what it takes
//! ([`rule`]) and a way of making requests ([`ga4`], [`webhook`]); all the rest is the same for each. What
//! a destination takes is written into an outbox with the event itself ([`crate::store::outbox`]), and a
//! sender ([`sender`]) works it off. docs/forwarding.md says what that guarantees.

pub mod ga4;
pub mod rule;
pub(crate) mod sender;
pub(crate) mod settings;
pub mod webhook;

use pharos_model::Timestamp;

use self::{ga4::Ga4, rule::Rule, webhook::Webhook};
use crate::store::Row;

/// How long an event is tried. GA4 takes none that is older, and an outage of three days has been seen.
pub const GIVE_UP_AFTER_MS: i64 = 72 * 3_600_000;

/// Everything events are sent on to.
#[derive(Debug, Clone, Default)]
pub struct Destinations(Vec<Destination>);

/// One of them.
#[derive(Debug, Clone)]
pub struct Destination {
    /// What it takes.
    pub rule: Rule,
    /// How.
    pub kind: Kind,
}

/// How events are sent.
#[derive(Debug, Clone)]
pub enum Kind {
    /// By the Measurement Protocol.
    Ga4(Ga4),
    /// As signed batches of JSON.
    Webhook(Webhook),
}

/// What the destinations take, for the store to decide as it writes.
#[derive(Debug, Clone, Default)]
pub struct Rules(Vec<(&'static str, Rule)>);

/// An event to be sent, as it is stored.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub project_id: i32,
    /// Since when it waits.
    pub enqueued_at: Timestamp,
    /// Its name.
    pub event: String,
    /// When it happened.
    pub timestamp: Timestamp,
    /// JSON object text.
    pub properties: String,
    /// The user's keyed id.
    pub user_id: Option<String>,
    /// The sender's session.
    pub session_id: Option<String>,
    /// `client` or `server`.
    pub source: String,
    /// Its number in the session.
    pub seq: Option<i64>,
    /// JSON object text.
    pub context: String,
    /// When it was received.
    pub created_at: Timestamp,
}

/// A request about to be made.
#[derive(Debug)]
struct Request {
    project_id: i32,
    /// How often it was made before.
    attempts: u32,
    event_ids: Vec<String>,
    url: String,
    body: String,
    /// Address and body of a request that is made first, and must find nothing wrong.
    check: Option<(String, String)>,
}

/// What becomes of events: requests, or reasons.
#[derive(Debug, Default)]
struct Formed {
    requests: Vec<Request>,
    refused: Vec<Refused>,
}

/// An event that will never be sent.
#[derive(Debug)]
struct Refused {
    project_id: i32,
    event_id: String,
    reason: &'static str,
}

impl Formed {
    fn refuse(&mut self, event: &Outgoing, reason: &'static str) {
        self.refused.push(Refused { project_id: event.project_id, event_id: event.id.clone(), reason });
    }
}

impl Destinations {
    /// What each takes.
    pub fn rules(&self) -> Rules {
        Rules(self.0.iter().map(|one| (one.kind.name(), one.rule.clone())).collect())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Destination> {
        self.0.iter()
    }
}

impl Kind {
    /// Its name, in the outbox and to people.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ga4(_) => "ga4",
            Self::Webhook(_) => "webhook",
        }
    }

    /// What would be sent now: the bodies of the requests that hold `events`, and the ids of events that will
    /// never be sent, each with the reason.
    pub fn preview(&self, events: &[Outgoing], now: Timestamp) -> (Vec<String>, Vec<(String, &'static str)>) {
        let Formed { requests, refused } = self.form(events, now);
        let bodies = requests.into_iter().map(|request| request.body).collect();
        (bodies, refused.into_iter().map(|one| (one.event_id, one.reason)).collect())
    }

    /// The requests that hold `events`. The same events make the same requests.
    fn form(&self, events: &[Outgoing], now: Timestamp) -> Formed {
        match self {
            Self::Ga4(ga4) => ga4.form(events, now),
            Self::Webhook(webhook) => webhook.form(events, now),
        }
    }
}

impl Rules {
    /// Whether nothing is sent on.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names of the destinations that take `row`.
    pub fn taking(&self, row: &Row) -> impl Iterator<Item = &'static str> {
        self.0.iter().filter(|(_, rule)| rule.takes(row)).map(|(name, _)| *name)
    }
}
