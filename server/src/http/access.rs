//! Who is let in. Each route of the table in `mod.rs` names what it needs; [`let_in`] asks for it before
//! the route's handler runs, and nothing else decides who may do what.

use axum::{
    extract::{FromRequestParts, Request},
    http::{HeaderMap, Method, header, request::Parts},
};

use super::{
    App,
    error::Error,
    keys::{Access, FIRST_PROJECT},
    peer::Peer,
};
use crate::{
    clock,
    config::{MetricsAccess, Rates},
    identity::hash_token,
    rate_limit::{Charge, What, Who},
    scope::Scope,
    store::Store,
};

/// The cookie of a person signed in.
pub(super) const SESSION_COOKIE: &str = "pharos_session";

/// The header that a page of another site cannot send without being asked for leave, which it is not given.
const CSRF_HEADER: &str = "x-pharos-csrf";

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nothing: it is for everybody.
    Anyone,
    /// A key that may write events. It may stand in the body, so the handler itself looks for it.
    Key,
    /// A person signed in.
    Session,
    /// A secret key with the scope `read`, or a person signed in.
    Read,
    /// A secret key with the scope `admin`, or a person signed in.
    Admin,
    /// What `TELEMETRY_METRICS` says: nothing, to ask from this machine, or [`Needs::Read`].
    Metrics,
}

/// Who was let in, where the route needs a key or a session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller {
    /// The project that is read or changed.
    pub(super) project_id: i32,
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        // Missing only where the table of routes says that anyone may come in.
        parts.extensions.get().copied().ok_or(Error::Internal)
    }
}

/// Lets a request through to its route's handler, with the [`Caller`] in it, or refuses it.
pub(super) async fn let_in(app: &App, needs: Needs, request: &mut Request) -> Result<(), Error> {
    let scope = match needs {
        Needs::Anyone | Needs::Key => return Ok(()),
        Needs::Session => None,
        Needs::Read => Some(Scope::Read),
        Needs::Admin => Some(Scope::Admin),
        Needs::Metrics => match app.metrics {
            MetricsAccess::Off => return Err(Error::NotFound),
            MetricsAccess::Open => return Ok(()),
            MetricsAccess::Loopback if peer(request)?.is_this_machine(request.headers()) => return Ok(()),
            MetricsAccess::Loopback | MetricsAccess::Key => Some(Scope::Read),
        },
    };
    let headers = request.headers();
    let peer = peer(request)?;
    take(app, Who::at(peer.client_ip(headers, &app.trusted_proxies)), None, None)?;
    let caller = match (bearer(headers), scope) {
        (Some(key), Some(scope)) => by_key(app, key, scope).await?,
        _ => by_session(app, request.method(), headers, scope).await?,
    };
    request.extensions_mut().insert(caller);
    Ok(())
}

fn peer(request: &Request) -> Result<&Peer, Error> {
    request.extensions().get().ok_or(Error::Internal)
}

async fn by_key(app: &App, key: &str, scope: Scope) -> Result<Caller, Error> {
    let access = app.keys.find(key).await?;
    take(app, None, Some(&access), None)?;
    let caller = Caller { project_id: access.project_id };
    if access.may(scope) { Ok(caller) } else { Err(Error::ForbiddenKey) }
}

/// Whether whoever was let in to read may do so still: for answers that go on. Charges nothing.
pub(super) async fn may_still_read(app: &App, headers: &HeaderMap) -> Result<(), Error> {
    let may = match bearer(headers) {
        Some(key) => app.keys.find(key).await?.may(Scope::Read),
        None => is_signed_in(headers, &*app.store).await?,
    };
    if may { Ok(()) } else { Err(Error::ForbiddenKey) }
}

async fn by_session(
    app: &App,
    method: &Method,
    headers: &HeaderMap,
    scope: Option<Scope>,
) -> Result<Caller, Error> {
    if !is_signed_in(headers, &*app.store).await? {
        return Err(if scope.is_some() { Error::MissingKey } else { Error::NotSignedIn });
    }
    if !matches!(*method, Method::GET | Method::HEAD) {
        check_csrf(headers)?;
    }
    Ok(Caller { project_id: FIRST_PROJECT })
}

/// Charges one request, and the `events` in it, to an address and a key.
pub(super) fn take(
    app: &App,
    address: Option<Who>,
    access: Option<&Access>,
    events: Option<u32>,
) -> Result<(), Error> {
    let Rates { address_requests, address_events, key_requests, key_events } = app.rates;
    let key = access.map(|access| Who::Key(access.key_id));
    let charge = |who: Option<Who>, what, count: Option<u32>, rate| {
        Some(Charge { who: who?, what, count: count.filter(|&count| count > 0)?, rate: rate? })
    };
    let charges = [
        charge(address, What::Requests, Some(1), address_requests),
        charge(address, What::Events, events, address_events),
        charge(key, What::Requests, Some(1), key_requests),
        charge(key, What::Events, events, key_events),
    ];
    let charges: Vec<_> = charges.into_iter().flatten().collect();
    if charges.is_empty() { Ok(()) } else { Ok(app.rate_limits.take(&charges)?) }
}

/// A browser sends the cookie along whoever made the page that asks. `SameSite=Strict` keeps it from other
/// sites' pages, not from those of a neighbour on the same registrable domain; the header does.
fn check_csrf(headers: &HeaderMap) -> Result<(), Error> {
    let from_elsewhere = headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin");
    if headers.contains_key(CSRF_HEADER) && !from_elsewhere { Ok(()) } else { Err(Error::Csrf) }
}

/// The key of `Authorization: Bearer`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

/// Whether the request comes with the cookie of a valid session.
pub(super) async fn is_signed_in(headers: &HeaderMap, store: &dyn Store) -> Result<bool, Error> {
    match session(headers) {
        Some(token) => Ok(store.session_is_valid(&hash_token(token), clock::now()).await?),
        None => Ok(false),
    }
}

/// The token of the session cookie.
pub(super) fn session(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|value| value.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix(SESSION_COOKIE)?.strip_prefix('='))
}
