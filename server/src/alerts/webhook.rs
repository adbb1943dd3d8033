//! Tells a webhook. One attempt at a time, bounded in time; when to try again is decided by the caller.
//!
//! The address comes from the operator's settings alone, so that nobody who can only change rules can make the
//! server call addresses of its own network. Redirects are not followed and no answer's body is read or shown.

use std::time::Duration;

use axum::http::{Request, header};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use pharos_model::Timestamp;
use sha2::Sha256;

use crate::config::WebhookConfig;

/// Longest wait for an answer's status.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where changes of state are told.
pub(crate) struct Webhook {
    config: WebhookConfig,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
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
        let connector =
            HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().build();
        Self {
            config,
            client: Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector),
        }
    }

    /// Sends `body` once, signed as of `now`.
    pub(crate) async fn send(&self, body: String, now: Timestamp) -> Attempt {
        let seconds = now.unix_ms() / 1000;
        let request = Request::post(self.config.url.as_str())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("pharos/", env!("CARGO_PKG_VERSION")))
            .header("x-pharos-timestamp", seconds)
            .header("x-pharos-signature", format!("v1={}", sign(&self.config.secret, seconds, &body)))
            .body(Full::new(Bytes::from(body)));
        let Ok(request) = request else {
            return Attempt { status: None, detail: "TELEMETRY_ALERT_WEBHOOK_URL is no address".to_owned() };
        };
        match tokio::time::timeout(TIMEOUT, self.client.request(request)).await {
            Ok(Ok(response)) => {
                let status = response.status().as_u16();
                Attempt { status: Some(status), detail: format!("the webhook answered {status}") }
            }
            Ok(Err(_)) => Attempt { status: None, detail: "the webhook cannot be reached".to_owned() },
            Err(_) => Attempt {
                status: None,
                detail: format!("the webhook did not answer within {} s", TIMEOUT.as_secs()),
            },
        }
    }
}

/// HMAC-SHA256 over the seconds, a dot and the body, as lower-case hex. With the time in it, a receiver can
/// refuse what somebody recorded and plays again.
fn sign(secret: &str, seconds: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{seconds}.{body}").as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
