//! Requests that this server makes of others: one client for all of them, and the signature by which a
//! webhook's receiver knows who wrote. Follows no redirects, reads little of an answer, and its errors hold
//! no address: an address may hold a secret.

use std::time::Duration;

use axum::http::{HeaderMap, Request, Uri, header};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use sha2::Sha256;

/// Longest wait for a connection, where all of a request may take longer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes read of an answer. What matters of one is its status.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Longest wait that an answer may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// Makes requests. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Client {
    client: legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    timeout: Duration,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// For how long the answer asks to be left alone.
    pub retry_after: Option<Duration>,
    /// Its body, as far as it is read.
    pub body: Bytes,
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// There was no connection: nothing was sent.
    #[error("no connection")]
    NotSent,
    /// It may or may not have arrived.
    #[error("{0}")]
    Uncertain(&'static str),
}

impl Client {
    /// A client that waits `timeout` for each answer.
    pub fn new(timeout: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT.min(timeout / 2)));
        let connector = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        Self { client: legacy::Client::builder(TokioExecutor::new()).build(connector), timeout }
    }

    /// Posts JSON text.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: String,
    ) -> Result<Answer, NoAnswer> {
        let mut request = Request::post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("pharos/", env!("CARGO_PKG_VERSION")));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(|_| NoAnswer::NotSent)?;
        let answered = async {
            let response = self.client.request(request).await.map_err(|error| {
                if error.is_connect() {
                    NoAnswer::NotSent
                } else {
                    NoAnswer::Uncertain("the connection broke")
                }
            })?;
            let (parts, body) = response.into_parts();
            // The status is the answer; a body that breaks off, or is very long, is as good as none.
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
            let body = body.map_or_else(|_| Bytes::new(), http_body_util::Collected::to_bytes);
            let retry_after = retry_after(&parts.headers);
            Ok(Answer { status: parts.status.as_u16(), retry_after, body })
        };
        let late = Err(NoAnswer::Uncertain("no answer in time"));
        tokio::time::timeout(self.timeout, answered).await.unwrap_or(late)
    }
}

/// For how long an answer asks to be left alone, in seconds. The other form, a date, is rare; then the usual
/// wait does.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

/// The headers by which a receiver knows who wrote `body`: when it was signed, in seconds since 1970, and the
/// HMAC-SHA256 over that, a dot and the body, as lower-case hex. With the time in it, a receiver can refuse
/// what somebody recorded and plays again.
pub fn signature(secret: &str, unix_seconds: i64, body: &str) -> [(&'static str, String); 2] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{unix_seconds}.").as_bytes());
    mac.update(body.as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    [("x-pharos-timestamp", unix_seconds.to_string()), ("x-pharos-signature", format!("v1={hex}"))]
}

/// Whether requests may go to `url`: over TLS, or to this machine.
pub(crate) fn is_url(url: &str) -> bool {
    let Ok(url) = url.parse::<Uri>() else { return false };
    let is_here = matches!(url.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let scheme = url.scheme_str();
    url.host().is_some_and(|host| !host.is_empty())
        && (scheme == Some("https") || (scheme == Some("http") && is_here))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_time_and_body() {
        // As `printf '1700000000.{}' | openssl dgst -sha256 -hmac secret` says.
        let digest = "b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163";
        let [timestamp, signed] = signature("secret", 1_700_000_000, "{}");
        assert_eq!(timestamp, ("x-pharos-timestamp", "1700000000".to_owned()));
        assert_eq!(signed, ("x-pharos-signature", format!("v1={digest}")));
    }

    #[test]
    fn addresses_are_of_tls_or_of_this_machine() {
        for url in
            ["https://hooks.example.org/x", "http://127.0.0.1:8080", "http://localhost/x", "http://[::1]/"]
        {
            assert!(is_url(url), "{url}");
        }
        for url in ["http://hooks.example.org", "ftp://localhost", "hooks.example.org", "https://", ""] {
            assert!(!is_url(url), "{url}");
        }
    }
}
