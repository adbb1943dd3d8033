//! The only file that sends. Does not know what it sends, or what an answer means for it.

use std::{io::Write, sync::Arc, time::Duration};

use flate2::{Compression, write::GzEncoder};
use reqwest::{
    Client, StatusCode,
    header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER},
    redirect::Policy,
};

use crate::error::BuildError;

/// Below this, what gzip saves is not worth its time.
const GZIP_BYTES_MIN: usize = 1024;

/// Of an answer no more is read: the verdicts of 500 events, with long field names, are less.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// What came back.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// 0 when nothing did.
    pub(crate) status: u16,
    /// What the server asked for.
    pub(crate) retry_after_s: u32,
    pub(crate) body: Vec<u8>,
    /// Why there was no answer.
    pub(crate) error: String,
}

/// Sends batches to one server.
#[derive(Debug)]
pub(crate) struct Transport {
    http: Client,
    url: String,
    authorization: HeaderValue,
    timeout: Duration,
}

impl Transport {
    pub(crate) fn new(http: Client, url: String, authorization: HeaderValue, timeout: Duration) -> Self {
        Self { http, url, authorization, timeout }
    }

    /// Posts a batch.
    pub(crate) async fn post(&self, body: String) -> Answer {
        match tokio::time::timeout(self.timeout, self.ask(body)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Answer { error: reason(&error), ..Answer::default() },
            Err(_) => Answer { error: "no answer in time".to_owned(), ..Answer::default() },
        }
    }

    async fn ask(&self, body: String) -> Result<Answer, reqwest::Error> {
        let mut request = self
            .http
            .post(&self.url)
            .header(AUTHORIZATION, self.authorization.clone())
            .header(CONTENT_TYPE, "application/json");
        request = match pack(body.as_bytes()) {
            Some(packed) => request.header(CONTENT_ENCODING, "gzip").body(packed),
            None => request.body(body),
        };
        let mut response = request.send().await?;
        let (status, retry_after_s) = (response.status(), retry_after_s(response.headers()));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                body.clear();
                break;
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status: StatusCode::as_u16(&status), retry_after_s, body, error: String::new() })
    }
}

/// The client that is used unless the program brings its own: rustls, Mozilla's roots, HTTP/1.1, and no
/// redirects, as the key is for one address.
pub(crate) fn http_client() -> Result<Client, BuildError> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks the protocol's versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = Client::builder()
        .tls_backend_preconfigured(tls)
        .http1_only()
        .redirect(Policy::none())
        .user_agent(concat!("pharos-client/", env!("CARGO_PKG_VERSION")))
        .build()?;
    Ok(client)
}

fn pack(body: &[u8]) -> Option<Vec<u8>> {
    if body.len() < GZIP_BYTES_MIN {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::new(4));
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

/// `Retry-After` in seconds. Its other form, a date, is rare, and not our server's; then the usual wait does.
fn retry_after_s(headers: &HeaderMap) -> u32 {
    let seconds: Option<u64> =
        headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    u32::try_from(seconds.unwrap_or(0)).unwrap_or(u32::MAX)
}

/// What reqwest hides in sources, without the address.
fn reason(error: &reqwest::Error) -> String {
    let mut source: &dyn std::error::Error = error;
    while let Some(next) = source.source() {
        source = next;
    }
    source.to_string()
}
