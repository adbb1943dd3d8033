//! How a client is set up. Bounds and defaults of every setting stand here.

use std::{env, fmt, path::PathBuf, sync::Arc, time::Duration};

use pharos_model::pii::Rules;
use reqwest::header::HeaderValue;

use crate::{
    client::TelemetryClient,
    error::BuildError,
    transport::{self, Transport},
};

/// Something that went wrong with events that nobody waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// A stable word, such as `unavailable`, `queue_full` or the code of a refused event.
    pub code: String,
    /// For a person. Holds no value of an event.
    pub message: String,
    /// How many events it is about.
    pub events: usize,
    /// Whether they are gone.
    pub is_lost: bool,
}

/// Is told of problems.
pub(crate) type OnProblem = Arc<dyn Fn(&Problem) + Send + Sync>;

/// Sets a client up. Settings that will not do are named by [`build`](Self::build).
#[must_use]
pub struct Builder {
    endpoint: String,
    key: String,
    pub(crate) settings: Settings,
    http: Option<reqwest::Client>,
    invalid: Option<BuildError>,
}

/// What a client goes by.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) is_enabled: bool,
    pub(crate) batch_events: usize,
    pub(crate) flush_interval: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) delivery_timeout: Duration,
    pub(crate) drain_timeout: Duration,
    pub(crate) queue_events: usize,
    pub(crate) queue_bytes: usize,
    pub(crate) queue_folder: Option<PathBuf>,
    pub(crate) rules: Rules,
    pub(crate) on_problem: Option<OnProblem>,
}

impl Builder {
    pub(crate) fn new(endpoint: String, key: String) -> Self {
        let settings = Settings {
            is_enabled: true,
            batch_events: 100,
            flush_interval: Duration::from_secs(5),
            request_timeout: Duration::from_secs(10),
            delivery_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(5),
            queue_events: 10_000,
            queue_bytes: 16 << 20,
            queue_folder: None,
            rules: Rules::default(),
            on_problem: None,
        };
        Self { endpoint, key, settings, http: None, invalid: None }
    }

    /// From `TELEMETRY_ENDPOINT`, `TELEMETRY_SECRET_KEY` and, where they are set, `TELEMETRY_ENABLED`,
    /// `TELEMETRY_BATCH_SIZE`, `TELEMETRY_FLUSH_INTERVAL` (milliseconds) and `TELEMETRY_QUEUE_DIR`.
    pub(crate) fn from_env() -> Self {
        let text = |name| env::var(name).ok().filter(|text| !text.trim().is_empty());
        let mut builder = Self::new(
            text("TELEMETRY_ENDPOINT").unwrap_or_default(),
            text("TELEMETRY_SECRET_KEY").unwrap_or_default(),
        );
        if let Some(enabled) = text("TELEMETRY_ENABLED") {
            match enabled.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => {}
                "false" | "0" | "no" | "off" => builder = builder.enabled(false),
                _ => builder.refuse("TELEMETRY_ENABLED", "true or false"),
            }
        }
        if let Some(size) = text("TELEMETRY_BATCH_SIZE") {
            // Zero is refused with the right words below.
            builder = builder.batch_events(size.parse().unwrap_or(0));
        }
        if let Some(interval) = text("TELEMETRY_FLUSH_INTERVAL") {
            builder = builder.flush_interval(interval.parse().map_or(Duration::MAX, Duration::from_millis));
        }
        if let Some(folder) = text("TELEMETRY_QUEUE_DIR") {
            builder = builder.queue_folder(folder);
        }
        builder
    }

    /// Whether anything is sent at all. If not, every event is answered with
    /// [`Verdict::Filtered`](crate::Verdict::Filtered). Default: `true`.
    pub fn enabled(mut self, is_enabled: bool) -> Self {
        self.settings.is_enabled = is_enabled;
        self
    }

    /// Events that nobody waits for and that make a batch complete, sent at once. From 1 to 500; default 100.
    pub fn batch_events(mut self, events: usize) -> Self {
        self.check((1..=500).contains(&events), "batch_events", "1 to 500");
        self.settings.batch_events = events;
        self
    }

    /// How long an event that nobody waits for waits for others. At most an hour; default 5 s.
    pub fn flush_interval(mut self, interval: Duration) -> Self {
        self.check(interval <= Duration::from_secs(3600), "flush_interval", "at most an hour");
        self.settings.flush_interval = interval;
        self
    }

    /// How long one request may take. From 100 ms to two minutes; default 10 s.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        let bounds = Duration::from_millis(100)..=Duration::from_secs(120);
        self.check(bounds.contains(&timeout), "request_timeout", "100 ms to two minutes");
        self.settings.request_timeout = timeout;
        self
    }

    /// How long [`log`](TelemetryClient::log) tries before the event is given up. From 100 ms to ten minutes;
    /// default 30 s.
    pub fn delivery_timeout(mut self, timeout: Duration) -> Self {
        let bounds = Duration::from_millis(100)..=Duration::from_secs(600);
        self.check(bounds.contains(&timeout), "delivery_timeout", "100 ms to ten minutes");
        self.settings.delivery_timeout = timeout;
        self
    }

    /// How long [`shutdown`](TelemetryClient::shutdown) tries. At most ten minutes; default 5 s.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.check(timeout <= Duration::from_secs(600), "drain_timeout", "at most ten minutes");
        self.settings.drain_timeout = timeout;
        self
    }

    /// Events that may wait; what comes when so many wait is refused. From 1 to 1,000,000; default 10,000.
    pub fn queue_events(mut self, events: usize) -> Self {
        self.check((1..=1_000_000).contains(&events), "queue_events", "1 to 1000000");
        self.settings.queue_events = events;
        self
    }

    /// Bytes of the events that may wait. From 64 KiB to 1 GiB; default 16 MiB.
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.check((1 << 16..=1 << 30).contains(&bytes), "queue_bytes", "64 KiB to 1 GiB");
        self.settings.queue_bytes = bytes;
        self
    }

    /// A folder on a local disk in which what [`log_safe`](TelemetryClient::log_safe) took waits through the end of
    /// the process, also a sudden one. Processes may share it. Each such call then writes to it, which takes
    /// some microseconds. Default: events wait in memory.
    pub fn queue_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.settings.queue_folder = Some(folder.into());
        self
    }

    /// What is personal data, where the strict default does not suit: the project's rules, as its server has
    /// them ([`Rules::parse`]).
    pub fn rules(mut self, rules: Rules) -> Self {
        self.settings.rules = rules;
        self
    }

    /// Is told what went wrong with events that nobody waits for. Must not block. Default: a warning by
    /// `tracing`, of the target `pharos_client`.
    pub fn on_problem(mut self, tell: impl Fn(&Problem) + Send + Sync + 'static) -> Self {
        self.settings.on_problem = Some(Arc::new(tell));
        self
    }

    /// The HTTP client to send with, where a proxy or a certificate authority of one's own is wanted. It should
    /// follow no redirects: the key is for one address.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http = Some(client);
        self
    }

    /// Makes the client, and starts the task that sends.
    ///
    /// # Errors
    /// A setting that will not do, a folder that cannot be opened, or no Tokio runtime to send from.
    pub fn build(self) -> Result<TelemetryClient, BuildError> {
        if let Some(invalid) = self.invalid {
            return Err(invalid);
        }
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| BuildError::NoRuntime)?;
        if !self.settings.is_enabled {
            return TelemetryClient::start(self.settings, None, &runtime);
        }
        let url = address(&self.endpoint)
            .ok_or(setting("endpoint", "the server's address, such as https://telemetry.example.com"))?;
        let is_key = self.key.starts_with("sk_") && self.key.len() > 3;
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", self.key))
            .ok()
            .filter(|_| is_key)
            .ok_or(setting("key", "a secret key, which begins with sk_"))?;
        authorization.set_sensitive(true);
        let http = self.http.map_or_else(transport::http_client, Ok)?;
        let transport = Transport::new(http, url, authorization, self.settings.request_timeout);
        TelemetryClient::start(self.settings, Some(transport), &runtime)
    }

    fn check(&mut self, holds: bool, name: &'static str, expected: &'static str) {
        if !holds {
            self.refuse(name, expected);
        }
    }

    fn refuse(&mut self, name: &'static str, expected: &'static str) {
        self.invalid = Some(setting(name, expected));
    }
}

/// Without the key.
impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

fn setting(name: &'static str, expected: &'static str) -> BuildError {
    BuildError::Setting { name, expected }
}

/// Where batches are posted: an origin gets the usual path, a full address stays as it is.
fn address(endpoint: &str) -> Option<String> {
    const PATH: &str = "/v1/events";
    let mut url = reqwest::Url::parse(endpoint).ok()?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !url.username().is_empty() {
        return None;
    }
    if url.path() == "/" {
        url.set_path(PATH);
    }
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_gets_the_usual_path() {
        for (endpoint, expected) in [
            ("https://t.example.com", Some("https://t.example.com/v1/events")),
            ("http://127.0.0.1:8787/", Some("http://127.0.0.1:8787/v1/events")),
            ("https://example.com/t/v1/events", Some("https://example.com/t/v1/events")),
            ("ftp://example.com", None),
            ("https://user:word@example.com", None),
            ("example.com", None),
            ("", None),
        ] {
            assert_eq!(address(endpoint).as_deref(), expected, "{endpoint}");
        }
    }

    #[tokio::test]
    async fn what_will_not_do_is_named() {
        let builder = |key: &str| Builder::new("https://t.example.com".to_owned(), key.to_owned());
        let named = |builder: Builder| match builder.build() {
            Err(BuildError::Setting { name, .. }) => name,
            other => panic!("{other:?}"),
        };
        assert_eq!(named(builder("pk_1")), "key");
        assert_eq!(named(builder("sk_a\nb")), "key");
        assert_eq!(named(builder("sk_1").batch_events(0)), "batch_events");
        assert_eq!(named(builder("sk_1").queue_bytes(1)), "queue_bytes");
        assert_eq!(named(builder("sk_1").flush_interval(Duration::MAX)), "flush_interval");
        assert_eq!(named(Builder::new("nowhere".to_owned(), "sk_1".to_owned())), "endpoint");
        assert!(builder("sk_1").build().is_ok());
    }

    #[test]
    fn without_a_runtime_there_is_no_client() {
        let built = Builder::new("https://t.example.com".to_owned(), "sk_1".to_owned()).build();
        assert!(matches!(built, Err(BuildError::NoRuntime)));
    }
}
