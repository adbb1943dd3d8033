//! What events are sent on to: a server that speaks the Measurement Protocol and takes a webhook. It checks
//! every rule of the protocol on its own account, answers 204 to everything as Google does, and fails in
//! the ways it is told to.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// How one request goes wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// It is answered with this status and is not taken.
    Status(u16),
    /// The same, with `Retry-After` in seconds.
    RetryAfter(u16, u64),
    /// It is taken, and the connection is cut without an answer.
    TakenAndCut,
    /// It is taken and never answered.
    TakenAndSilent,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[derive(Default)]
struct Seen {
    faults: VecDeque<Fault>,
    taken: Vec<Received>,
    checked: usize,
    refused: usize,
}

pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    accepting: JoinHandle<()>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener)
    }

    /// On an address where nobody listened until now.
    pub(crate) async fn start_at(address: SocketAddr) -> Self {
        Self::on(TcpListener::bind(address).await.unwrap())
    }

    fn on(listener: TcpListener) -> Self {
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = seen.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        Self { address, seen, accepting }
    }

    /// The next requests go wrong in these ways, in this order.
    pub(crate) fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.seen.lock().unwrap().faults.extend(faults);
    }

    /// The requests taken so far.
    pub(crate) fn taken(&self) -> Vec<Received> {
        self.seen.lock().unwrap().taken.clone()
    }

    /// How many requests were not taken.
    pub(crate) fn refused(&self) -> usize {
        self.seen.lock().unwrap().refused
    }

    /// How many requests asked for validation only.
    pub(crate) fn checked(&self) -> usize {
        self.seen.lock().unwrap().checked
    }

    /// How often each event was taken, by id. Every request taken must keep the protocol's rules.
    pub(crate) fn events(&self) -> BTreeMap<String, usize> {
        let mut events = BTreeMap::new();
        for request in self.taken() {
            let json = request.json();
            if request.path.starts_with("/mp/collect") {
                assert_eq!(violations(&request.body), Vec::<String>::new());
            }
            for event in json["events"].as_array().unwrap() {
                let id = event["id"].as_str().or(event["params"]["event_id"].as_str()).unwrap();
                *events.entry(id.to_owned()).or_default() += 1;
            }
        }
        events
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut stream: TcpStream, seen: Arc<Mutex<Seen>>) {
    while let Some(request) = read(&mut stream).await {
        let fault = {
            let mut seen = seen.lock().unwrap();
            let fault = seen.faults.pop_front();
            match fault {
                Some(Fault::Status(_) | Fault::RetryAfter(..)) => seen.refused += 1,
                _ if request.path.starts_with("/debug/") => seen.checked += 1,
                _ => seen.taken.push(request.clone()),
            }
            fault
        };
        let answer = match fault {
            Some(Fault::Status(status)) => format!("HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n"),
            Some(Fault::RetryAfter(status, seconds)) => {
                format!("HTTP/1.1 {status} No\r\nretry-after: {seconds}\r\ncontent-length: 0\r\n\r\n")
            }
            Some(Fault::TakenAndCut) => return,
            Some(Fault::TakenAndSilent) => std::future::pending().await,
            None if request.path.starts_with("/debug/") => {
                let body = validate(&request.body);
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
            }
            None => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers.get("content-length")?.parse().ok()?;
    while bytes.len() < end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8(bytes[end..end + length].to_vec()).unwrap();
    Some(Received { path, headers, body })
}

/// As the validation server answers. It knows one rule of its own: a `plan` must not be `forbidden`.
fn validate(body: &str) -> String {
    let json: Value = serde_json::from_str(body).unwrap();
    assert_eq!(json["validation_behavior"], "ENFORCE_RECOMMENDATIONS");
    let forbidden = json["events"][0]["params"]["plan"] == "forbidden";
    let messages = if forbidden {
        r#"{"fieldPath":"events","description":"not a plan","validationCode":"VALUE_INVALID"}"#
    } else {
        ""
    };
    format!(r#"{{"validationMessages":[{messages}]}}"#)
}

/// What of a request the Measurement Protocol does not take, by its documentation.
pub(crate) fn violations(body: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut must = |holds: bool, what: String| {
        if !holds {
            found.push(what);
        }
    };
    let json: Value = serde_json::from_str(body).unwrap();
    must(body.len() <= 130_000, format!("{} bytes", body.len()));
    must(json["client_id"].as_str().is_some_and(|id| !id.is_empty()), "no client_id".to_owned());
    for field in ["ad_user_data", "ad_personalization"] {
        let consent = json["consent"][field].as_str();
        must(matches!(consent, Some("GRANTED" | "DENIED")), format!("consent {field}"));
    }
    let events = json["events"].as_array().unwrap();
    must((1..=25).contains(&events.len()), format!("{} events", events.len()));
    let now_micros = pharos_server::clock::now().unix_ms() * 1000;
    for event in events {
        let name = event["name"].as_str().unwrap();
        must(is_name(name), format!("event name {name}"));
        must(
            !["error", "session_start", "page_view", "first_visit"].contains(&name),
            format!("reserved {name}"),
        );
        let age_micros = now_micros - event["timestamp_micros"].as_i64().unwrap();
        must(age_micros <= (72 * 3600 + 60) * 1_000_000, format!("{age_micros} microseconds old"));
        let params = event["params"].as_object().unwrap();
        must(params.len() <= 25, format!("{} parameters", params.len()));
        must(
            params["session_id"].as_str().is_some_and(|id| id.parse::<u64>().is_ok()),
            "session_id".to_owned(),
        );
        must(params["engagement_time_msec"].is_u64(), "engagement_time_msec".to_owned());
        for (param, value) in params {
            must(is_name(param), format!("parameter name {param}"));
            let fits = value.is_number() || value.as_str().is_some_and(|text| text.chars().count() <= 100);
            must(fits, format!("value of {param}"));
        }
    }
    found
}

fn is_name(name: &str) -> bool {
    let reserved =
        ["_", "firebase_", "ga_", "google_", "gtag."].iter().any(|prefix| name.starts_with(prefix));
    let chars = name.chars().all(|one| one.is_ascii_alphanumeric() || one == '_');
    !reserved && chars && name.len() <= 40 && name.starts_with(|first: char| first.is_ascii_alphabetic())
}
