//! The Pharos server: HTTP to committed rows.
//!
//! # The path of an event
//!
//! 1. A connection is accepted ([`http`]), unless too many are open. Headers and body must arrive in
//!    time, the body must be small enough, and its bytes are accounted for in one budget that all
//!    requests share ([`ingest::budget`]). *Refused here: the request, with a problem and a status.*
//! 2. The body is unzipped and cut into envelope and raw events (`pharos_model::wire`); the key says
//!    which project they belong to and whether they come from a page or a server. *Refused here: the
//!    request.*
//! 3. Each event is judged and stripped on its own (`pharos_model::RawEvent`), given its context
//!    ([`ingest::enrich`]), and its user keyed with the pepper ([`identity`]). *Refused here: the event,
//!    as `invalid` with a code; its neighbours go on, and a stripped copy goes to the
//!    quarantine ([`store::quarantine`]).*
//! 4. The rows wait for the grouped writer ([`ingest::writer`]), which writes many requests' rows in one
//!    transaction through the [`store`]. An id that is stored already is a `duplicate`; a row the
//!    database will not take is found and refused alone. While the database is away, flushes go to a
//!    spool on the local disk ([`ingest::backlog`]) and are written when it is back. *When the spool is
//!    full too: the request, with 503, and nothing of it is acknowledged.*
//! 5. After the commit, and only then, the reply says what became of each event.
//!
//! Stopping goes the same way: no new connections, open requests finish, the writer writes what it
//! holds, the store closes.

pub mod alerts;
pub mod clock;
pub mod config;
pub mod doctor;
pub mod erasure;
pub mod forward;
mod http;
pub mod identity;
pub mod ingest;
pub mod known;
mod meeting;
pub mod meters;
pub mod origin;
pub mod outbound;
pub mod outcome;
pub mod policy;
pub mod query;
pub mod rate_limit;
pub mod rebuild;
pub mod scope;
pub mod seed;
pub mod settings;
pub mod setup;
pub mod store;
mod tasks;

use std::{io, net::SocketAddr, sync::Arc};

use tokio::{net::TcpListener, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    alerts::Alerts,
    config::Config,
    erasure::Eraser,
    http::{App, Keys, Told},
    ingest::{
        Ingest,
        backlog::{Backlog, SPOOL_FILE},
        budget::Budget,
        enrich::Enricher,
        live::Live,
        refused::Refused,
        writer::Writer,
    },
    known::KnownFile,
    meeting::Meeting,
    meters::Meters,
    query::{dashboard::Ledger, health::Lately, heavy::Heavy, rollups::Rollups},
    rate_limit::RateLimits,
    setup::Welcome,
    store::StoreError,
};

/// Senders whose rate is remembered at a time, a hundred bytes each: more than a botnet has addresses in one
/// second's traffic, and no burden.
const LIMITED_SENDERS_MAX: usize = 100_000;

/// Why a server could not start, or stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The database is not there, or does not let us in.
    #[error("the database at {database} cannot be used: {error}")]
    Store {
        /// Where, without its password.
        database: String,
        /// What it said.
        error: StoreError,
    },
    /// The data directory cannot be used.
    #[error("the data directory {directory} cannot be used: {error}")]
    DataDir {
        /// Which.
        directory: String,
        /// What the system said.
        error: io::Error,
    },
    /// The listener is of no use.
    #[error("listening failed: {0}")]
    Listen(io::Error),
    /// A background task panicked.
    #[error("a background task failed")]
    Task,
}

/// What a stopped server left undone. None of it was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Connections cut off.
    pub connections: usize,
    /// Requests that the writer did not get to.
    pub requests: usize,
}

/// Runs a server on `listener` until `shutdown`. `ready` is called once it takes requests.
///
/// # Errors
/// When it cannot start, or a background task fails, after stopping in order.
pub async fn run(
    config: Config,
    listener: TcpListener,
    shutdown: CancellationToken,
    ready: impl FnOnce(SocketAddr, &Welcome),
) -> Result<Left, RunError> {
    let address = listener.local_addr().map_err(RunError::Listen)?;
    let limits = config.limits;
    let store = setup::open(&config).await?;
    let peppers = setup::peppers(&config)?;

    if config.analytics_enabled && !config.destinations.iter().any(|one| one.kind.name() == "ga4") {
        tracing::warn!("TELEMETRY_ANALYTICS_ENABLED is true, but Google Analytics is not set up");
    }

    let backlog = Arc::new(Backlog::new(config.data_dir.join(SPOOL_FILE), limits.spool_bytes));
    if let Err(error) = backlog.open().await {
        // Events that wait in it wait on; new ones need it only when the database is away.
        tracing::error!(%error, "no spool for now; look at it with `pharos spool check`");
    }
    let known = KnownFile::new(&config.data_dir, setup::describe_database(&config));
    let keys = Arc::new(Keys::new(store.clone(), config.policy.clone(), known));
    let meeting = Meeting {
        config: config.clone(),
        store: store.clone(),
        peppers: peppers.clone(),
        keys: keys.clone(),
    };
    let welcome = meeting.begin(&backlog).await?;
    let stop_tasks = CancellationToken::new();
    let (meters, live) = (Arc::new(Meters::new()), Live::default());
    let (writer, writer_handle) =
        Writer::start(store.clone(), backlog.clone(), meters.clone(), live.clone(), limits.store_timeout);
    let (refused, budget) = (Refused::default(), Budget::new(limits.queue_bytes));
    let eraser = Eraser::new(store.clone());
    let alerts = Arc::new(Alerts::new(store.clone(), backlog.clone(), config.webhook.clone()));
    let work = tasks::Work {
        meeting,
        eraser: eraser.clone(),
        store: store.clone(),
        keys: keys.clone(),
        backlog: backlog.clone(),
        refused: refused.clone(),
        writer: writer_handle.clone(),
        budget: budget.clone(),
        meters: meters.clone(),
        alerts: alerts.clone(),
        retention_days: config.retention_days,
        quarantine_days: config.quarantine_days,
        destinations: config.destinations.clone(),
        forward_timeout: limits.forward_timeout,
    };
    let mut tasks = tasks::start(work, &stop_tasks);
    let stop = shutdown.child_token();
    let enricher = Enricher::new(config.ip);
    let router = http::router(App {
        ingest: Ingest::new(
            writer_handle.clone(),
            refused.clone(),
            meters.clone(),
            enricher,
            peppers.current.clone(),
            config.gpc,
            config.enabled,
        ),
        keys,
        store: store.clone(),
        rollups: Rollups::new(store.clone()),
        heavy: Heavy::default(),
        health: Lately::default(),
        ledger: Ledger::default(),
        eraser,
        peppers,
        budget: budget.clone(),
        backlog: backlog.clone(),
        refused: refused.clone(),
        forwarders: config.destinations.iter().map(|one| one.kind.name()).collect(),
        rate_limits: RateLimits::new(LIMITED_SENDERS_MAX),
        rates: config.rates,
        limits,
        meters,
        live,
        exports: http::export_places(),
        alerts,
        stop: stop.clone(),
        metrics: config.metrics,
        script_path: config.script_path,
        demo: config.demo,
        trusted_proxies: config.trusted_proxies,
        secure_cookie: config.public_url.is_some_and(|url| url.starts_with("https://")),
        told: Told {
            gpc: config.gpc,
            retention_days: config.retention_days,
            quarantine_days: config.quarantine_days,
        },
    });
    ready(address, &welcome);

    // A task ends by itself only by panicking; a server without its tasks would decay silently.
    let serving = http::serve::serve(listener, router, &limits, &stop, limits.shutdown_timeout);
    let watching = async {
        let failed = tasks.join_next().await.is_some();
        stop.cancel();
        failed
    };
    tokio::pin!(serving);
    let began;
    let (connections, task_failed) = tokio::select! {
        connections = &mut serving => { began = Instant::now(); (connections, false) }
        failed = watching => { began = Instant::now(); (serving.await, failed) }
    };

    // The last counts go before the writer that takes them.
    stop_tasks.cancel();
    // Requests to other servers are waited for: cut off, they would have to be made again.
    let left_of_budget = limits.shutdown_timeout.saturating_sub(began.elapsed());
    let _ = tokio::time::timeout(left_of_budget, async { while tasks.join_next().await.is_some() {} }).await;
    tasks.shutdown().await;
    refused.write(&writer_handle, &budget).await;
    let left_of_budget = limits.shutdown_timeout.saturating_sub(began.elapsed());
    let requests = writer.drain(left_of_budget).await;
    backlog.close().await;
    store.close().await;

    let left = Left { connections, requests };
    tracing::info!(connections, requests, "stopped; what is counted here was left unanswered");
    if task_failed { Err(RunError::Task) } else { Ok(left) }
}
