//! Planted secrets of every kind, sent in every way there is, are found nowhere afterwards: in no table, no
//! file, no log line at the loudest level, no reply and no metric.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use pharos_server::config::Database;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::support::{
    Backend, Place, call, event, eventually,
    proxy::{Line, behind_proxy},
};

/// What is planted, and the part of it that is searched for.
const CANARIES: [(&str, &str); 14] = [
    ("canary.ada.zq@example.org", "canary.ada.zq"),
    ("canary.bo.zq%40example.org", "canary.bo.zq"),
    ("+49 30 90182735", "90182735"),
    ("4539 1488 0343 6467", "0343 6467"),
    ("DE89 3704 0044 0532 0130 00", "0532 0130"),
    ("536-90-4399", "90-4399"),
    ("203.0.113.195", "113.195"),
    ("2001:db8:85a3::8a2e:370:7334", "8a2e:370:7334"),
    ("3c:22:fb:7a:91:0e", "fb:7a:91"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLWNhbmFyeS1xeno", "c2lnbmF0dXJl"),
    ("ghp_CanaryQ7xZ2mN9vB4kL8tR1wY6pS3dF5hJ0", "CanaryQ7xZ2"),
    (
        "-----BEGIN PRIVATE KEY-----\nMIICanaryKeyQ9xZ2mN9vB4kL8tR1wY6pS3dF5hJ0\n-----END PRIVATE KEY-----",
        "CanaryKeyQ9x",
    ),
    ("https://bob:canarypw77@shop.example/", "canarypw77"),
    ("https://shop.example/?session=canarysess4471", "canarysess4471"),
];

/// Values that only their property's name gives away.
const BY_NAME: [(&str, &str); 6] = [
    ("first_name", "Canaryna"),
    ("billing_address", "Canary Lane 5"),
    ("dob", "1971-03-29"),
    ("password", "canary-hunter-9981"),
    ("ssn", "canary-ssn-5512"),
    ("authorization", "canary-auth-6623"),
];

/// What is known of the sender.
const USER: &str = "canary-user-8842";
const ADDRESS: &str = "198.51.100.217";
const AGENT: &str = "CanaryBrowser/9.7 (Windows NT 10.0) Firefox/128.0";

fn needles() -> Vec<String> {
    let planted = CANARIES.iter().map(|(_, needle)| *needle).chain(BY_NAME.iter().map(|(_, value)| *value));
    let plain = planted.chain([USER, ADDRESS, "CanaryBrowser"]);
    // In binary columns, which databases show in hexadecimal, as well.
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    plain.flat_map(|text| [text.to_owned(), hex(text)]).collect()
}

/// The canaries that are found in `text`.
fn found_in(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    needles().into_iter().filter(|needle| text.contains(needle.as_str())).collect()
}

/// The binary, logging at the loudest level, with its own output in files.
struct Server {
    child: Child,
    /// Kept open: a server whose output nobody takes would end.
    _output: Box<dyn BufRead + Send + Sync>,
    address: String,
    ingest_key: String,
}

const SECRET_KEY: &str = "sk_canary_test_secret_key_0123456789abcdef";

impl Server {
    fn start(place: &Place, database_url: &str, pii_rules: &str) -> Self {
        let log =
            File::options().create(true).append(true).open(place.dir.path().join("server.log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pharos"));
        command
            .env_clear()
            .env("TELEMETRY_DATA_DIR", place.dir.path())
            .env("TELEMETRY_LISTEN", "127.0.0.1:0")
            .env("TELEMETRY_LOG", "trace")
            .env("TELEMETRY_TRUSTED_PROXY", "127.0.0.1")
            .env("TELEMETRY_STORE_TIMEOUT", "500")
            .env("TELEMETRY_SECRET_KEY", SECRET_KEY)
            .env("DATABASE_URL", database_url)
            .env("TELEMETRY_PII_RULES", pii_rules);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self {
            child,
            _output: Box::new(std::io::empty()),
            address: String::new(),
            ingest_key: String::new(),
        };
        let mut output = Box::new(output);
        let mut line = String::new();
        while server.ingest_key.is_empty() {
            line.clear();
            assert!(output.read_line(&mut line).unwrap() > 0, "the server ended");
            if let Some((_, rest)) = line.trim().split_once("demo        http://") {
                server.address = rest.trim_end_matches("/demo/").to_owned();
            }
            if let Some((_, key)) = line.split_once("ingest key  ") {
                server.ingest_key = key.trim().to_owned();
            }
        }
        server._output = output;
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// JSON as text.
macro_rules! text {
    ($($json:tt)+) => { json!($($json)+).to_string() };
}

/// Every way of sending a secret.
fn bodies(key: &str) -> Vec<String> {
    let mut bodies = Vec::new();
    let context = |text: &str| {
        json!({ "page_url": format!("https://shop.example/?q={text}"), "page_title": text,
        "referrer": text, "language": text, "unknown": text })
    };
    for (text, _) in CANARIES {
        let sentence = format!("please note {text} and go on");
        let valid = |properties: Value| {
            let mut valid = event("planted");
            valid["user_id"] = json!(USER);
            valid["properties"] = properties;
            valid
        };
        let mut session = valid(json!({}));
        session["session_id"] = json!(text);
        let mut name = valid(json!({ "note": sentence }));
        name["event"] = json!(text);
        let mut timestamp = valid(json!({ "note": sentence }));
        timestamp["timestamp"] = json!(text);
        bodies.push(text!({ "key": key, "sdk": { "name": text, "version": text }, "context": context(text), "events": [
            valid(json!({ "note": sentence, "deep": { "list": [1, sentence, { "url": format!("https://h.example/a?x={text}#{text}") }] } })),
            valid(json!({ text: 1, "inside": { text: sentence } })),
            session, name, timestamp,
            // Refused, and kept for repair: too long, a name that is too long, too deep, not JSON at all.
            valid(json!({ "note": format!("{sentence} {}", "long ".repeat(600)) })),
            valid(json!({ format!("{text} {}", "k".repeat(80)): sentence, text: "v".repeat(3000) })),
            valid(json!({ "a": { "b": { "c": { "d": { "e": { "f": sentence } } } } } })),
            sentence, 7, [text],
            // Larger than an event may be.
            valid(json!({ "note": sentence, "many": vec![sentence.clone(); 2000] })),
        ] }),
        );
        // What is wrong with a request as a whole.
        bodies.push(text!({ "key": key, "events": sentence }));
        bodies.push(text!({ "key": key, "sent_at": text, "events": [] }));
        bodies.push(text!({ "key": key, "dropped": { text: 1 }, "events": [] }));
        bodies.push(text!({ "key": text, "events": [] }));
        bodies.push(text!({ "key": key, "note": sentence.repeat(40_000), "events": [] }));
        bodies.push(format!("{{\"key\":\"{key}\",\"events\":[{{\"note\":\"{sentence}\""));
    }
    let mut named = event("planted");
    named["properties"] = BY_NAME.iter().map(|(name, value)| (name.to_string(), json!(value))).collect();
    let mut refused = named.clone();
    refused["event"] = json!("Planted");
    bodies.push(text!({ "key": key, "events": [named, refused] }));
    bodies
}

/// Sends everything; returns what was answered.
async fn send_everything(server: &Server) -> Vec<u8> {
    let headers = [("content-type", "application/json"), ("user-agent", AGENT), ("x-forwarded-for", ADDRESS)];
    let mut replies = Vec::new();
    let mut keep = |reply: crate::support::Reply| {
        replies.extend(format!("{:?}", reply.headers).into_bytes());
        replies.extend(&reply.body);
    };
    for body in bodies(&server.ingest_key) {
        keep(call(&server.address, "POST", "/v1/events", &headers, body).await);
    }
    let bearer = format!("Bearer {SECRET_KEY}");
    let admin = [headers[1], headers[2], ("authorization", bearer.as_str())];
    let email = "canary.ada.zq%2540example.org";
    for (method, path) in [
        ("POST", format!("/v1/events?key={email}")),
        ("GET", format!("/v1/events?user_id={USER}")),
        ("GET", format!("/nowhere/{email}?q={USER}")),
        ("GET", format!("/v1/quarantine/{email}")),
        ("POST", format!("/v1/session?q={email}")),
        ("GET", "/v1/events?limit=1000".to_owned()),
        ("GET", "/v1/quarantine?limit=1000".to_owned()),
        ("GET", "/v1/outcomes".to_owned()),
        ("GET", "/v1/report".to_owned()),
        ("GET", "/v1/health".to_owned()),
        ("GET", "/metrics".to_owned()),
    ] {
        keep(call(&server.address, method, &path, &admin, "").await);
    }
    replies
}

/// Everything that is stored, wherever it is: tables as text, and the files of the data directory.
async fn everything_stored(place: &Place) -> Vec<u8> {
    let mut stored = Vec::new();
    let mut folders = vec![place.dir.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { stored.extend(fs::read(path).unwrap()) }
        }
    }
    if let Database::Postgres(url) = &place.database {
        let tables = place.column("SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace").await;
        assert!(tables.len() > 10, "{tables:?}");
        let mut connection = PgConnection::connect(url).await.unwrap();
        for table in tables {
            let sql = AssertSqlSafe(format!("SELECT t::text FROM {table} AS t"));
            let rows: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap();
            stored.extend(rows.concat().into_bytes());
        }
    }
    stored
}

/// What is found of the canaries after all of it: in what is stored, in what was answered.
async fn plant(place: &Place, pii_rules: &str) -> (Vec<String>, Vec<String>) {
    let mut replies = Vec::new();
    let mut stored = Vec::new();
    match &place.database {
        Database::Sqlite(path) => {
            let server = Server::start(place, &format!("sqlite://{}", path.display()), pii_rules);
            replies.extend(send_everything(&server).await);
        }
        Database::Postgres(_) => {
            let (config, proxy) = behind_proxy(place).await;
            let Database::Postgres(url) = config.database else { panic!("it is PostgreSQL") };
            let server = Server::start(place, &url, pii_rules);
            replies.extend(send_everything(&server).await);
            proxy.set(Line::Cut);
            replies.extend(send_everything(&server).await);
            stored.extend(everything_stored(place).await);
            proxy.set(Line::Open);
            eventually("the spool is drained", async || {
                let reply = call(&server.address, "GET", "/health/ready", &[], "").await;
                reply.status == 200 && reply.json()["spooled_events"] == 0
            })
            .await;
        }
    }
    stored.extend(everything_stored(place).await);
    assert!(String::from_utf8_lossy(&stored).contains("planted"), "the events themselves are there");
    assert!(String::from_utf8_lossy(&stored).contains("TRACE") || stored.len() > 10_000, "and the log");
    (found_in(&stored), found_in(&replies))
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_found_nowhere_sqlite() {
    let place = Place::new(Backend::Sqlite).await;
    assert_eq!(plant(&place, "").await, (Vec::new(), Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_found_nowhere_postgres() {
    let place = Place::new(Backend::Postgres).await;
    assert_eq!(plant(&place, "").await, (Vec::new(), Vec::new()));
}

/// The same with stripping turned off finds them: the search is one that can fail.
#[tokio::test(flavor = "multi_thread")]
async fn without_stripping_secrets_are_found() {
    let place = Place::new(Backend::Sqlite).await;
    let kinds = pharos_model::pii::Kind::ALL.iter().map(|kind| (kind.as_str().to_owned(), json!("keep")));
    let kinds: serde_json::Map<String, Value> = kinds.collect();
    let (stored, replies) = plant(&place, &json!({ "kinds": kinds }).to_string()).await;
    for (_, needle) in CANARIES {
        assert!(stored.iter().any(|found| found == needle), "{needle} is stored where it is not stripped");
    }
    assert!(!replies.is_empty());
    for what in [USER, ADDRESS, "CanaryBrowser"] {
        assert!(!stored.iter().any(|found| found == what), "{what} is stored by no rules");
    }
}
