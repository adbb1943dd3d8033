//! Tells a webhook. One attempt at a time, bounded in time; when to try again is decided by the caller.
//!
//! The address comes from the operator's settings alone, so that nobody who can only change rules can make the
//! server call addresses of its own network. Redirects are not followed, and of an answer only the status counts.

use std::time::Duration;

use pharos_model::Timestamp;

use crate::{
    config::WebhookConfig,
    outbound::{self, Client, NoAnswer},
};

/// Longest wait for an answer's status.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where changes of state are told.
pub(crate) struct Webhook {
    config: WebhookConfig,
    client: Client,
}

/// How an attempt went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// The status answered; `None` if nothing was.
    pub(crate) status: Option<u16>,
    /// In words.
    pub(crate) detail: String,
}

impl Attempt {
    /// Whether the receiver has it.
    pub(crate) fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

impl Webhook {
    pub(crate) fn new(config: WebhookConfig) -> Self {
        Self { config, client: Client::new(TIMEOUT) }
    }

    /// Sends `body` once, signed as of `now`.
    pub(crate) async fn send(&self, body: String, now: Timestamp) -> Attempt {
        let seconds = now.unix_ms() / 1000;
        let headers = outbound::signature(&self.config.secret, seconds, &body);
        match self.client.post(&self.config.url, &headers, body).await {
            Ok(answer) => {
                let status = answer.status;
                Attempt { status: Some(status), detail: format!("the webhook answered {status}") }
            }
            Err(NoAnswer::NotSent) => {
                Attempt { status: None, detail: "the webhook cannot be reached".to_owned() }
            }
            Err(error) => Attempt { status: None, detail: format!("the webhook: {error}") },
        }
    }
}
