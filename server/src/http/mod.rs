//! HTTP: routes, and what all of them share. Reads requests and writes responses; what an event becomes
//! is decided in `ingest`, what is stored in `store`.

mod access;
mod alerts;
mod assets;
mod body;
mod delivery;
mod demo;
mod error;
mod events;
mod explore;
mod export;
mod forwarders;
mod health;
mod key_routes;
mod keys;
mod live;
mod log;
mod measure;
mod metrics;
mod middleware;
mod openapi;
mod outcomes;
mod params;
mod peer;
mod project;
mod quarantine;
mod questions;
mod range;
mod routes;
pub(crate) mod serve;
mod session;
mod users;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::from_fn_with_state,
    routing::{get, options},
};
use ipnet::IpNet;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower_http::{
    compression::CompressionLayer,
    cors::{Any, CorsLayer},
    set_header::SetResponseHeaderLayer,
};

pub(crate) use self::keys::{FIRST_PROJECT, Keys};
use self::{
    access::Needs::{Admin, Anyone, Key, Metrics, Read, Session},
    error::Error,
    measure::RouteMeters,
    middleware::RESOURCE_POLICY,
    routes::Routes,
};
use crate::{
    alerts::Alerts,
    config::{Demo, GpcPolicy, Limits, MetricsAccess, Rates},
    erasure::Eraser,
    identity::Peppers,
    ingest::{Ingest, backlog::Backlog, budget::Budget, live::Live, refused::Refused},
    meters::Meters,
    query::{
        dashboard::Ledger,
        health::{Lately, Node},
        heavy::Heavy,
        rollups::Rollups,
    },
    rate_limit::RateLimits,
    store::Store,
};

/// What requests need.
pub(crate) struct App {
    pub(crate) ingest: Ingest,
    pub(crate) keys: Arc<Keys>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) rollups: Rollups,
    pub(crate) heavy: Heavy,
    pub(crate) health: Lately,
    pub(crate) ledger: Ledger,
    pub(crate) eraser: Eraser,
    pub(crate) peppers: Peppers,
    pub(crate) budget: Budget,
    pub(crate) backlog: Arc<Backlog>,
    /// What events are sent on to.
    pub(crate) forwarders: Vec<&'static str>,
    pub(crate) refused: Refused,
    pub(crate) rate_limits: RateLimits,
    pub(crate) rates: Rates,
    pub(crate) limits: Limits,
    pub(crate) meters: Arc<Meters>,
    pub(crate) metrics: MetricsAccess,
    pub(crate) live: Live,
    /// Places for exports.
    pub(crate) exports: Arc<Semaphore>,
    pub(crate) alerts: Arc<Alerts>,
    /// Cancelled when the server stops: ends what would go on for ever.
    pub(crate) stop: CancellationToken,
    pub(crate) script_path: String,
    pub(crate) demo: Option<Demo>,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) secure_cookie: bool,
    pub(crate) told: Told,
}

/// What of the settings a project's people are told.
pub(crate) struct Told {
    pub(crate) gpc: GpcPolicy,
    pub(crate) retention_days: Option<u32>,
    pub(crate) quarantine_days: Option<u32>,
}

type Shared = Arc<App>;

/// Places for exports, all free.
pub(crate) fn export_places() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(export::EXPORTS_MAX))
}

impl App {
    /// What this node knows of itself.
    pub(crate) async fn node(&self) -> Node {
        let spool = self.backlog.holds().await;
        Node {
            store_is_away: self.backlog.stalled_for().is_some(),
            spool_batches: spool.as_ref().map_or(0, |spool| spool.flushes),
            spool_bytes: spool.as_ref().map_or(0, |spool| spool.bytes),
            uptime_seconds: self.meters.uptime().as_secs(),
        }
    }
}

/// Nothing inline, nothing from elsewhere; `wasm-unsafe-eval` is what compiling wasm takes.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
    style-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

/// How long browsers may remember that a page of another site may send events (Chrome: 2 h at most).
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(24 * 3600);

/// Every address there is, with what holds for all of them.
pub(crate) fn router(app: App) -> Router {
    let demo_is_on = app.demo.is_some();
    let api = api();
    let route_meters = Arc::new(RouteMeters::new(&app.meters, api.table()));
    api.into_router()
        .merge(pages(demo_is_on, &app.script_path))
        .fallback(async || Error::NotFound)
        .method_not_allowed_fallback(async || Error::MethodNotAllowed)
        .layer(from_fn_with_state(route_meters, middleware::surround))
        .with_state(Arc::new(app))
}

/// What programs talk to, and what it takes to be let in. Each of these routes is described in `openapi`, and
/// has its row in the table of tests/suite/access.rs.
fn api() -> Routes {
    let open_to_other_sites = Routes::default()
        .post("/v1/events", Key, events::receive)
        .get("/v1/events", Read, events::recent)
        .wrap(|routes| routes.route("/v1/events", options(preflight)).layer(open_to_other_sites()))
        .wrap(|routes| routes.layer(header_if_missing(RESOURCE_POLICY, "cross-origin")));

    let export = Routes::default()
        .get("/v1/export", Read, export::export)
        .wrap(|routes| routes.layer(CompressionLayer::new().no_br()));

    Routes::default()
        .merge(open_to_other_sites)
        .post("/v1/session", Anyone, session::sign_in)
        .get("/v1/session", Session, session::describe)
        .delete("/v1/session", Session, session::sign_out)
        .get("/v1/report", Read, questions::report)
        .get("/v1/metrics", Read, questions::metrics)
        .get("/v1/dashboard", Read, questions::dashboard)
        .get("/v1/events/stats", Read, questions::stats)
        .get("/v1/breakdown", Read, explore::breakdown)
        .get("/v1/properties", Read, explore::properties)
        .get("/v1/funnel", Read, explore::funnel)
        .get("/v1/retention", Read, explore::retention)
        .get("/v1/sessions", Read, explore::sessions)
        .get("/v1/sessions/{id}", Read, explore::session)
        .get("/v1/outcomes", Read, outcomes::outcomes)
        .get("/v1/delivery", Read, delivery::delivery)
        .get("/v1/health", Read, health::project)
        .get("/v1/forwarders", Read, forwarders::forwarders)
        .get("/v1/forwarders/failed", Read, forwarders::failed)
        .post("/v1/forwarders/{name}/retry", Admin, forwarders::retry)
        .get("/v1/live", Read, live::live)
        .merge(export)
        .get("/v1/alerts", Read, alerts::list)
        .post("/v1/alerts", Admin, alerts::create)
        .post("/v1/alerts/test", Admin, alerts::test)
        .put("/v1/alerts/{id}", Admin, alerts::change)
        .delete("/v1/alerts/{id}", Admin, alerts::delete)
        .get("/v1/quarantine", Read, quarantine::list)
        .get("/v1/quarantine/{id}", Read, quarantine::show)
        .delete("/v1/quarantine/{id}", Admin, quarantine::drop_one)
        .post("/v1/quarantine/{id}/replay", Admin, quarantine::replay)
        .get("/v1/keys", Admin, key_routes::list)
        .post("/v1/keys", Admin, key_routes::create)
        .delete("/v1/keys/{id}", Admin, key_routes::revoke)
        .get("/v1/project", Admin, project::show)
        .put("/v1/project", Admin, project::change)
        .delete("/v1/users/{id}", Admin, users::erase)
        .get("/v1/erasures/{id}", Admin, users::receipt)
        .get("/demo/config.json", Anyone, demo::config)
        .get("/demo/received", Anyone, demo::received)
        .get("/metrics", Metrics, metrics::metrics)
        .get("/health/live", Anyone, health::live)
        .get("/health/ready", Anyone, health::ready)
        .get("/openapi.json", Anyone, openapi::document)
}

/// What people look at, and the SDK.
fn pages(demo_is_on: bool, script_path: &str) -> Router<Shared> {
    let sdk = Router::new()
        .route("/sdk/{*path}", get(assets::sdk).options(preflight))
        .route(script_path, get(assets::script).options(preflight))
        .layer(open_to_other_sites())
        .layer(header_if_missing(RESOURCE_POLICY, "cross-origin"))
        .layer(CompressionLayer::new());

    let mut pages = Router::new()
        .route("/", get(assets::dashboard))
        .route("/assets/{*path}", get(assets::asset))
        .route("/favicon.svg", get(assets::icon));
    for view in assets::VIEWS {
        pages = pages.route(view, get(assets::dashboard));
    }
    if demo_is_on {
        pages = pages.route("/demo", get(assets::demo_without_slash)).route("/demo/", get(assets::demo));
    }
    let pages = pages
        .layer(CompressionLayer::new())
        .layer(header_if_missing(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY));
    pages.merge(sdk)
}

/// Pages of any site may send events and load the SDK. No credentials: ingest keys are public and stand
/// in the body, and a wildcard keeps browsers from showing another site what a cookie gives access to. Which
/// pages a project takes events of is asked when its key is known, which a preflight does not name; that
/// refusal can be read by the page, and by the SDK in it, which must not try again for ever.
fn open_to_other_sites() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_ENCODING, header::CONTENT_TYPE])
        .expose_headers([header::RETRY_AFTER, log::REQUEST_ID])
        .max_age(PREFLIGHT_MAX_AGE)
}

/// Only there for the CORS layer, which answers preflights itself, to be reached by them.
async fn preflight() -> StatusCode {
    StatusCode::NO_CONTENT
}

fn header_if_missing(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}
