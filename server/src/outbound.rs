//! Requests that this server makes of others: one client for all of them, and the signature by which a
//! webhook's receiver knows who wrote. Follows no redirects, reads little of an answer, and its errors hold
//! no address: an address may hold a secret.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Header of a signed request.
pub const SIGNATURE: &str = "pharos-signature";

/// Longest wait for a connection; it fits into every request's own time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes read of an answer. What matters of one is its status.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Longest wait that an answer may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// Makes requests. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Client(reqwest::Client);

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// For how long the answer asks to be left alone.
    pub retry_after: Option<Duration>,
    /// Its body, as far as it is read.
    pub body: Vec<u8>,
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
    ///
    /// # Errors
    /// When TLS cannot be set up, as without any root certificates.
    pub fn new(timeout: Duration) -> Result<Self, std::io::Error> {
        // The second client of a process finds it installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("pharos/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build();
        client.map(Self).map_err(std::io::Error::other)
    }

    /// Posts JSON text.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&str, String)],
        body: String,
    ) -> Result<Answer, NoAnswer> {
        let mut request = self.0.post(url).header("content-type", "application/json").body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let mut response = request.send().await.map_err(|error| no_answer(&error))?;
        let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        // The other form, a date, is rare; then the usual wait does.
        let retry_after = retry_after.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
        let mut body = Vec::new();
        // The status is the answer; a body that breaks off is as good as none.
        while body.len() < ANSWER_BYTES_MAX {
            let Ok(Some(chunk)) = response.chunk().await else { break };
            body.extend_from_slice(&chunk);
        }
        body.truncate(ANSWER_BYTES_MAX);
        let retry_after = retry_after.map(|wait| wait.min(RETRY_AFTER_MAX));
        Ok(Answer { status: response.status().as_u16(), retry_after, body })
    }
}

fn no_answer(error: &reqwest::Error) -> NoAnswer {
    if error.is_connect() || error.is_builder() {
        NoAnswer::NotSent
    } else if error.is_timeout() {
        NoAnswer::Uncertain("no answer in time")
    } else {
        NoAnswer::Uncertain("the connection broke")
    }
}

/// The value of [`SIGNATURE`]: when it was made, in seconds since 1970, and the HMAC-SHA256 of that, a dot
/// and the body. A receiver that refuses old times cannot be sent a recorded request again.
pub fn signature(secret: &str, unix_seconds: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length will do");
    mac.update(format!("{unix_seconds}.").as_bytes());
    mac.update(body.as_bytes());
    let digest = mac.finalize().into_bytes();
    let hex = digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("t={unix_seconds},v1={hex}")
}

/// Whether requests may go to `url`: over TLS, or to this machine.
pub(crate) fn is_url(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    url.has_host() && (url.scheme() == "https" || (url.scheme() == "http" && is_here))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_time_and_body() {
        // As `printf '1700000000.{}' | openssl dgst -sha256 -hmac secret` says.
        let digest = "b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163";
        assert_eq!(signature("secret", 1_700_000_000, "{}"), format!("t=1700000000,v1={digest}"));
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
