//! The settings as types, checked once at start. Later code trusts them; it reads no environment and
//! has no defaults of its own.

use std::{net::IpAddr, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use ipnet::IpNet;
use pharos_model::wire::GpcChoice;
use tracing::level_filters::LevelFilter;

use crate::{
    forward::Destinations,
    identity::{ingest_key_is_valid, secret_key_is_valid},
    policy::{self, Policy},
    rate_limit::Rate,
    settings::{SettingError, Values},
};

/// Everything `run` needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where events are stored.
    pub database: Database,
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Directory for the SQLite file and the pepper.
    pub data_dir: PathBuf,
    /// Address people open, without a slash at the end; `None`: the one listened on.
    pub public_url: Option<String>,
    /// Whether events are taken at all.
    pub enabled: bool,
    /// Whether events may be sent on to an analytics service.
    pub analytics_enabled: bool,
    /// What events are sent on to.
    pub destinations: Destinations,
    /// How long events are kept; `None` for ever.
    pub retention_days: Option<u32>,
    /// How long refused events are kept after they were last seen; `None` for ever.
    pub quarantine_days: Option<u32>,
    /// What is kept of an address.
    pub ip: IpPolicy,
    /// Where alerts are told; `None`: nowhere.
    pub webhook: Option<WebhookConfig>,
    /// Who may read `/metrics`.
    pub metrics: MetricsAccess,
    /// What is done where Global Privacy Control is on.
    pub gpc: GpcPolicy,
    /// What holds for projects that say nothing of their own.
    pub policy: Policy,
    /// How much may be sent in which time.
    pub rates: Rates,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Keys and pepper given from outside.
    pub secrets: Secrets,
    /// Where pages get the `<script>` tag's file from.
    pub script_path: String,
    /// What the demo page is told; `None` when there is no demo.
    pub demo: Option<Demo>,
    /// Bounds in time and space.
    pub limits: Limits,
    /// How much is logged, and in which form.
    pub log: Log,
}

/// Where events are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// An SQLite file.
    Sqlite(PathBuf),
    /// The address of a PostgreSQL database.
    Postgres(String),
}

/// What is kept of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IpPolicy {
    /// The /24 of an IPv4 address, the /48 of an IPv6 address.
    Truncate,
    /// Nothing.
    Drop,
}

/// Where alerts are told.
#[derive(Clone)]
pub struct WebhookConfig {
    /// An http or https address. It may hold a token, so it is not printed.
    pub url: String,
    /// What notifications are signed with.
    pub secret: String,
}

impl std::fmt::Debug for WebhookConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookConfig").finish_non_exhaustive()
    }
}

/// Who may read `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricsAccess {
    /// Nobody: there is no such address.
    Off,
    /// Who asks from this machine, and who has a secret key.
    Loopback,
    /// Who has a secret key.
    Key,
    /// Everyone.
    Open,
}

/// What is done where Global Privacy Control is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GpcPolicy {
    /// What the site's own `init` says.
    Site,
    /// This, whatever the site says.
    Always(GpcChoice),
}

impl GpcPolicy {
    /// The policy of a setting.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "site" { Some(Self::Site) } else { GpcChoice::parse(text).map(Self::Always) }
    }

    /// As in the setting.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Always(choice) => choice.as_str(),
        }
    }
}

/// How much may be sent in which time; `None`: any.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rates {
    /// Requests from one address.
    pub address_requests: Option<Rate>,
    /// Events from one address.
    pub address_events: Option<Rate>,
    /// Requests with one key.
    pub key_requests: Option<Rate>,
    /// Events with one key.
    pub key_events: Option<Rate>,
}

/// Keys and pepper given from outside; what is `None` is generated.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    /// A public key of the first project.
    pub ingest_key: Option<String>,
    /// A secret key of the first project.
    pub secret_key: Option<String>,
    /// The secret that user ids are keyed with.
    pub pepper: Option<String>,
    /// Those that ids of older events were keyed with, the last first.
    pub old_peppers: Vec<String>,
}

/// What the demo page is told besides its key.
#[derive(Debug, Clone, Copy)]
pub struct Demo {
    /// Events the SDK gathers before it sends.
    pub batch_size: u32,
    /// Milliseconds after which the SDK sends what it has.
    pub flush_interval_ms: u32,
}

/// Bounds in time and space.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Time for a request's headers, idle time on a kept connection included.
    pub header_timeout: Duration,
    /// Time for a request's body.
    pub body_timeout: Duration,
    /// Longest silence within a body.
    pub body_idle_timeout: Duration,
    /// Open connections.
    pub connections_max: usize,
    /// Bytes of requests held in memory, from their arrival to their commit.
    pub queue_bytes: usize,
    /// Longest wait for the database.
    pub store_timeout: Duration,
    /// Database connections for reading.
    pub store_connections: u32,
    /// Bytes of events kept on the local disk while the database is away.
    pub spool_bytes: u64,
    /// Time without a successful write, while events arrive, after which the server is not ready.
    pub ready_timeout: Duration,
    /// Time that those whom events are sent on to have to answer.
    pub forward_timeout: Duration,
    /// Time for stopping.
    pub shutdown_timeout: Duration,
}

/// How much is logged, and in which form.
#[derive(Debug, Clone, Copy)]
pub struct Log {
    /// The least important level that is shown.
    pub level: LevelFilter,
    /// JSON lines instead of text.
    pub json: bool,
}

impl Config {
    /// Checks the values given.
    ///
    /// # Errors
    /// The first value that will not do, as one line for the person who set it.
    pub fn from_values(values: &Values) -> Result<Self, SettingError> {
        let data_dir = values.required("data_dir", |text| Some(PathBuf::from(text)))?;
        let sqlite_file = data_dir.join("pharos.db");
        let database = values.optional("database_url", parse_database)?;
        let milliseconds =
            |name| values.required(name, |text| whole(text, 100, 600_000)).map(Duration::from_millis);
        let days = |name| {
            let days = values.required(name, |text| whole(text, 0, 36_500));
            days.map(|days: u32| (days > 0).then_some(days))
        };
        let rate = |name| {
            let count = values.required(name, |text| whole(text, 0, 1_000_000_000))?;
            Ok((count > 0).then(|| Rate::per_second(count)))
        };
        let body_timeout = milliseconds("body_timeout")?;
        let demo = Demo {
            batch_size: values.required("batch_size", |text| whole(text, 1, 500))?,
            flush_interval_ms: values.required("flush_interval", |text| whole(text, 100, 600_000))?,
        };

        Ok(Self {
            database: database.unwrap_or(Database::Sqlite(sqlite_file)),
            listen: values.required("listen", |text| text.parse().ok())?,
            data_dir,
            public_url: values.optional("public_url", parse_public_url)?,
            enabled: values.required("enabled", parse_bool)?,
            analytics_enabled: values.required("analytics_enabled", parse_bool)?,
            destinations: Destinations::from_values(values)?,
            retention_days: days("retention_days")?,
            quarantine_days: days("quarantine_days")?,
            ip: values.required("ip", |text| match text {
                "truncate" => Some(IpPolicy::Truncate),
                "drop" => Some(IpPolicy::Drop),
                _ => None,
            })?,
            webhook: match values.optional("alert_webhook_url", parse_webhook_url)? {
                None => None,
                // Unsigned, anybody could send alerts in this server's name.
                Some(url) => {
                    let long_enough = |text: &str| owned_if(text, |text| text.chars().count() >= 16);
                    let secret = values.required("alert_webhook_secret", long_enough)?;
                    Some(WebhookConfig { url, secret })
                }
            },
            metrics: values.required("metrics", |text| match text {
                "off" => Some(MetricsAccess::Off),
                "loopback" => Some(MetricsAccess::Loopback),
                "key" => Some(MetricsAccess::Key),
                "open" => Some(MetricsAccess::Open),
                _ => None,
            })?,
            gpc: values.required("gpc", GpcPolicy::parse)?,
            policy: Policy {
                origins: values.checked("allowed_origins", policy::parse_origins)?.unwrap_or_default(),
                rules: values.checked("pii_rules", policy::parse_rules)?.unwrap_or_default(),
            },
            rates: Rates {
                address_requests: rate("rate_address_requests")?,
                address_events: rate("rate_address_events")?,
                key_requests: rate("rate_key_requests")?,
                key_events: rate("rate_key_events")?,
            },
            trusted_proxies: values.required("trusted_proxy", parse_networks)?,
            secrets: Secrets {
                ingest_key: values.optional("ingest_key", |text| owned_if(text, ingest_key_is_valid))?,
                secret_key: values.optional("secret_key", |text| owned_if(text, secret_key_is_valid))?,
                pepper: values
                    .optional("pepper", |text| owned_if(text, |text| text.chars().count() >= 32))?,
                old_peppers: values
                    .optional("old_peppers", |text| {
                        let secrets: Vec<String> = text.split(',').map(|one| one.trim().to_owned()).collect();
                        secrets.iter().all(|one| one.chars().count() >= 32).then_some(secrets)
                    })?
                    .unwrap_or_default(),
            },
            script_path: values.required("script_path", parse_script_path)?,
            demo: values.required("demo", parse_bool)?.then_some(demo),
            limits: Limits {
                header_timeout: milliseconds("header_timeout")?,
                body_timeout,
                body_idle_timeout: body_timeout / 4,
                connections_max: values.required("connections_max", |text| whole(text, 1, 1_000_000))?,
                queue_bytes: values.required("queue_bytes", |text| whole(text, 1 << 24, u32::MAX.into()))?,
                store_timeout: milliseconds("store_timeout")?,
                store_connections: values.required("store_connections", |text| whole(text, 1, 1000))?,
                spool_bytes: values.required("spool_bytes", |text| whole(text, 1 << 20, 1 << 50))?,
                ready_timeout: milliseconds("ready_timeout")?,
                forward_timeout: values
                    .required("forward_timeout", |text| whole(text, 100, 15_000))
                    .map(Duration::from_millis)?,
                shutdown_timeout: milliseconds("shutdown_timeout")?,
            },
            log: Log {
                level: values.required("log", |text| match text {
                    "off" => None,
                    text => LevelFilter::from_str(text).ok(),
                })?,
                json: values.required("log_format", |text| match text {
                    "text" => Some(false),
                    "json" => Some(true),
                    _ => None,
                })?,
            },
        })
    }
}

/// A path of plain names that ends in `.js` and is no other route's.
fn parse_script_path(text: &str) -> Option<String> {
    const TAKEN: [&str; 5] = ["v1", "sdk", "assets", "demo", "health"];
    let plain = |name: &str| {
        !name.is_empty()
            && !name.starts_with('.')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    let names = text.strip_suffix(".js")?.strip_prefix('/')?;
    // Only a folder can be another route's: a file `/v1.js` lies beside `/v1/`, not in it.
    let folder_is_free = names.split_once('/').is_none_or(|(folder, _)| !TAKEN.contains(&folder));
    (names.split('/').all(plain) && folder_is_free).then(|| text.to_owned())
}

pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn whole<T: TryFrom<u64>>(text: &str, min: u64, max: u64) -> Option<T> {
    let number = text.parse().ok().filter(|number| (min..=max).contains(number))?;
    T::try_from(number).ok()
}

fn owned_if(text: &str, valid: impl FnOnce(&str) -> bool) -> Option<String> {
    valid(text).then(|| text.to_owned())
}

fn parse_database(text: &str) -> Option<Database> {
    if let Some(path) = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")) {
        return (!path.is_empty() && !path.starts_with(':')).then(|| Database::Sqlite(path.into()));
    }
    let is_postgres = text.starts_with("postgres://") || text.starts_with("postgresql://");
    let is_complete = text.parse::<sqlx::postgres::PgConnectOptions>().is_ok();
    (is_postgres && is_complete).then(|| Database::Postgres(text.to_owned()))
}

fn parse_webhook_url(text: &str) -> Option<String> {
    let url: axum::http::Uri = text.parse().ok()?;
    let is_web = matches!(url.scheme_str(), Some("http" | "https"));
    (is_web && url.host().is_some_and(|host| !host.is_empty())).then(|| text.to_owned())
}

fn parse_public_url(text: &str) -> Option<String> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let plain = !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']);
    plain.then(|| text.to_owned())
}

fn parse_networks(text: &str) -> Option<Vec<IpNet>> {
    if matches!(text, "off" | "false") {
        return Some(Vec::new());
    }
    let network = |part: &str| part.parse().ok().or_else(|| part.parse::<IpAddr>().ok().map(IpNet::from));
    text.split(',').map(|part| network(part.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        let config = Config::from_values(&Values::default()).unwrap();
        assert_eq!(config.database, Database::Sqlite(".pharos/pharos.db".into()));
        assert_eq!(config.listen, "127.0.0.1:8787".parse().unwrap());
        assert_eq!(config.retention_days, Some(90));
    }

    #[test]
    fn a_bad_value_is_one_line_with_name_value_and_what_is_expected() {
        for (name, value, line) in [
            ("listen", "8787", "TELEMETRY_LISTEN is \"8787\": expected an address and a port"),
            ("enabled", "maybe", "TELEMETRY_ENABLED is \"maybe\": expected true or false"),
            ("batch_size", "0", "TELEMETRY_BATCH_SIZE is \"0\": expected a whole number from 1 to 500"),
            ("retention_days", "-1", "TELEMETRY_RETENTION_DAYS is \"-1\": expected a whole number of days"),
            (
                "database_url",
                "mysql://u:pw@h/d",
                "DATABASE_URL is \"mysql://u:***@h/d\": expected postgres://",
            ),
            ("ip", "full", "TELEMETRY_IP is \"full\": expected truncate or drop"),
            ("trusted_proxy", "10.0.0.0/33", "TELEMETRY_TRUSTED_PROXY is \"10.0.0.0/33\": expected off, or"),
            ("ingest_key", "abc", "TELEMETRY_INGEST_KEY is set (3 characters, not shown): expected pk_"),
            ("gpc", "yes", "TELEMETRY_GPC is \"yes\": expected site, drop, anonymous or ignore"),
            (
                "allowed_origins",
                "https://a.example,b.example",
                "TELEMETRY_ALLOWED_ORIGINS is \"https://a.example,b.example\": expected origins such as",
            ),
            (
                "pii_rules",
                r#"{"kinds":{"emial":"keep"}}"#,
                r#"TELEMETRY_PII_RULES is "{"kinds":{"emial":"keep"}}": expected in kinds.emial the name of a kind"#,
            ),
            ("rate_key_events", "-1", "TELEMETRY_RATE_KEY_EVENTS is \"-1\": expected a whole number"),
            ("public_url", "https://h/path", "TELEMETRY_PUBLIC_URL is \"https://h/path\": expected http://"),
        ] {
            let error = Config::from_values(&Values::default().with(name, value)).unwrap_err().to_string();
            assert!(error.starts_with(line), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn a_script_path_is_no_other_routes() {
        for text in ["/t.js", "/js/shop-2.js", "/v1.js"] {
            assert_eq!(parse_script_path(text).as_deref(), Some(text));
        }
        let wrong = [
            "t.js",
            "/t",
            "/.js",
            "//t.js",
            "/v1/t.js",
            "/sdk/t.js",
            "/demo/x.js",
            "/a/../t.js",
            "/{x}.js",
            "/a b.js",
        ];
        for text in wrong {
            assert_eq!(parse_script_path(text), None, "{text}");
        }
    }

    #[test]
    fn networks_are_addresses_or_prefixes() {
        let networks = parse_networks("10.0.0.0/8, 127.0.0.1,::1").unwrap();
        assert!(networks[0].contains(&"10.1.2.3".parse::<IpAddr>().unwrap()));
        assert!(networks[1].contains(&"127.0.0.1".parse::<IpAddr>().unwrap()));
        assert!(!networks[1].contains(&"127.0.0.2".parse::<IpAddr>().unwrap()));
    }
}
