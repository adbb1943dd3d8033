//! Starts the real server, `run()` and all, on a free port with a store of its own, and talks HTTP to
//! it. Every test that stores runs on both databases: see [`on_both`].

pub(crate) mod proxy;
pub(crate) mod receiver;

use std::{net::SocketAddr, path::Path, sync::mpsc, time::Duration};

use axum::http::{HeaderMap, Method, Request, Response};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use pharos_server::{
    Left, RunError,
    config::{Config, Database},
    run,
    settings::Values,
    setup::Welcome,
};
use serde_json::{Value, json};
use sqlx::{
    AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions,
};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// Declares tests that run once on SQLite and once on PostgreSQL.
macro_rules! on_both {
    ($(async fn $name:ident($backend:ident: Backend) $body:block)*) => {
        $(mod $name {
            use super::*;

            async fn test($backend: Backend) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                test(Backend::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                test(Backend::Postgres).await;
            }
        })*
    };
}

pub(crate) use on_both;

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

/// A place for events, empty at first, that outlives the servers using it.
pub(crate) struct Place {
    pub(crate) dir: TempDir,
    pub(crate) database: Database,
}

impl Place {
    pub(crate) async fn new(backend: Backend) -> Self {
        let dir = TempDir::new().unwrap();
        let database = match backend {
            Backend::Sqlite => Database::Sqlite(dir.path().join("pharos.db")),
            Backend::Postgres => Database::Postgres(create_database().await),
        };
        Self { dir, database }
    }

    pub(crate) fn config(&self) -> Config {
        let values = Values::default()
            .with("data_dir", self.dir.path().to_str().unwrap())
            .with("listen", "127.0.0.1:0")
            // A machine that does much else beside tests may take long to write; tests of the limit set their own.
            .with("store_timeout", "30000")
            .with("pepper", "a pepper for tests, long enough to pass");
        let mut config = Config::from_values(&values).unwrap();
        config.database = self.database.clone();
        config
    }

    pub(crate) async fn start(&self) -> TestServer {
        TestServer::start(self.config()).await
    }

    /// Runs SQL as an operator would; `{table}` and the like are the caller's business.
    pub(crate) async fn execute(&self, sql: &str) {
        let statement = || sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match &self.database {
            Database::Sqlite(path) => {
                let mut connection = open_sqlite(path).await;
                connection.execute(statement()).await.unwrap();
            }
            Database::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                // A change to a table can meet the task that builds indexes on it: who is told of a deadlock tries again.
                let is_deadlock = |error: &sqlx::Error| {
                    error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("40P01"))
                };
                while let Err(error) = connection.execute(statement()).await {
                    assert!(is_deadlock(&error), "{error}");
                }
            }
        }
    }

    /// The first column of each row, as text.
    pub(crate) async fn column(&self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        match &self.database {
            Database::Sqlite(path) => {
                let mut connection = open_sqlite(path).await;
                sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
            }
            Database::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
            }
        }
    }

    /// The ids stored, in order.
    pub(crate) async fn ids(&self) -> Vec<String> {
        self.column("SELECT CAST(id AS text) FROM telemetry_events ORDER BY 1").await
    }
}

/// A server under test and the place it stores to.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) welcome: Welcome,
    pub(crate) ingest_key: String,
    client: Client<HttpConnector, Full<Bytes>>,
    shutdown: CancellationToken,
    running: JoinHandle<Result<Left, RunError>>,
}

impl TestServer {
    pub(crate) async fn start(config: Config) -> Self {
        Self::try_start(config).await.unwrap_or_else(|error| panic!("the server did not start: {error}"))
    }

    pub(crate) async fn try_start(config: Config) -> Result<Self, RunError> {
        let listener = TcpListener::bind(config.listen).await.unwrap();
        let shutdown = CancellationToken::new();
        let (tell, told) = mpsc::channel();
        let mut running = tokio::spawn(run(config, listener, shutdown.clone(), move |address, welcome| {
            tell.send((address, welcome.clone())).unwrap();
        }));
        let started = tokio::task::spawn_blocking(move || told.recv());
        let (address, welcome) = tokio::select! {
            Ok(Ok(started)) = started => started,
            ended = &mut running => return Err(ended.unwrap().expect_err("a server ends only on demand")),
        };
        let ingest_key = welcome.ingest_key.clone().unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        Ok(Self { address, welcome, ingest_key, client, shutdown, running })
    }

    pub(crate) fn secret_key(&self) -> &str {
        self.welcome.secret_key.as_deref().expect("this is the first start")
    }

    /// Tells the server to stop, and waits until it has.
    pub(crate) async fn stop(self) -> Left {
        self.begin_stop();
        self.stopped().await
    }

    pub(crate) fn begin_stop(&self) {
        self.shutdown.cancel();
    }

    pub(crate) async fn stopped(self) -> Left {
        self.running.await.unwrap().unwrap()
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        self.try_send(method, path, headers, body).await.expect("the server answers")
    }

    pub(crate) async fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Option<Reply> {
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.client.request(request.body(Full::new(body.into())).unwrap()).await.ok()?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        Some(Reply { status: parts.status.as_u16(), headers: parts.headers, body })
    }

    /// Status of the answer, and the code of a refusal; of an answer that goes on for ever too.
    pub(crate) async fn knock(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> String {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = Full::new(Bytes::from(body.to_owned()));
        let response = self.client.request(request.body(body).unwrap()).await.expect("the server answers");
        let status = response.status().as_u16();
        if status < 400 {
            return status.to_string();
        }
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let problem: Value = serde_json::from_slice(&body).expect("a refusal is a problem");
        format!("{status} {}", problem["code"].as_str().unwrap())
    }

    /// Sends a request and leaves its answer's body to be read.
    pub(crate) async fn open(&self, path: &str, headers: &[(&str, &str)]) -> Response<Incoming> {
        let mut request = Request::builder().uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.client.request(request.body(Full::default()).unwrap()).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.send("GET", path, headers, "").await
    }

    /// Posts a body as JSON.
    pub(crate) async fn post(&self, body: impl Into<Bytes>) -> Reply {
        self.send("POST", "/v1/events", &[("content-type", "application/json")], body).await
    }

    /// Posts events in an envelope with the ingest key.
    pub(crate) async fn post_events(&self, events: &[Value]) -> Reply {
        self.post(self.batch(events)).await
    }

    pub(crate) fn batch(&self, events: &[Value]) -> String {
        json!({ "key": self.ingest_key, "sent_at": rfc3339_now(), "events": events }).to_string()
    }

    /// Recent events, read with the secret key.
    pub(crate) async fn recent(&self, query: &str) -> Vec<Value> {
        let bearer = format!("Bearer {}", self.secret_key());
        let reply = self.get(&format!("/v1/events{query}"), &[("authorization", &bearer)]).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["events"].as_array().unwrap().clone()
    }
}

/// Asks a server at `address`, which may be another process.
pub(crate) async fn call(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Reply {
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let mut request = Request::builder().method(method).uri(format!("http://{address}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = client.request(request.body(Full::new(body.into())).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Reply { status: parts.status.as_u16(), headers: parts.headers, body }
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and code of a problem.
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let json = self.json();
        assert_eq!(json["status"], self.status);
        assert_eq!(json["type"], format!("urn:pharos:problem:{}", json["code"].as_str().unwrap()));
        (self.status, json["code"].as_str().unwrap().to_owned())
    }

    /// The verdict of each event, with its code if it has one: `accepted`, `invalid wrong_type`.
    pub(crate) fn verdicts(&self) -> Vec<String> {
        assert_eq!(self.status, 200, "{}", self.text());
        let verdict = |item: &Value| {
            let more = [&item["code"], &item["reason"]].into_iter().find_map(Value::as_str);
            let verdict = item["verdict"].as_str().unwrap();
            more.map_or(verdict.to_owned(), |more| format!("{verdict} {more}"))
        };
        self.json()["verdicts"].as_array().unwrap().iter().map(verdict).collect()
    }

    pub(crate) fn count(&self, verdict: &str) -> u64 {
        self.json()[verdict].as_u64().unwrap()
    }
}

/// The time now, as senders write it.
pub(crate) fn rfc3339_now() -> String {
    pharos_server::clock::now().to_string()
}

/// A fresh id of version 7.
pub(crate) fn new_id() -> String {
    let random = pharos_server::identity::random_bytes();
    pharos_model::EventId::v7(pharos_server::clock::now().unix_ms(), random).to_string()
}

/// A valid event.
pub(crate) fn event(name: &str) -> Value {
    json!({ "id": new_id(), "event": name, "timestamp": rfc3339_now(), "properties": { "price": 3 } })
}

/// Waits until `condition` holds, or fails after ten seconds.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// A connection that waits its turn, however slow the disk is on which the server's writes are synced.
async fn open_sqlite(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(60));
    SqliteConnection::connect_with(&options).await.unwrap()
}

async fn create_database() -> String {
    let base = std::env::var("PHAROS_TEST_POSTGRES_URL")
        .expect("PostgreSQL is part of these tests; run through: scripts/with-postgres cargo test");
    let name = format!("test_{}", new_id().replace('-', ""));
    let mut connection = PgConnection::connect(&base).await.unwrap();
    connection.execute(sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}")))).await.unwrap();
    let (server, _) = base.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}
