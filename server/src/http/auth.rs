//! Who is asking, and what may they do. Keys are known by their hashes, held in memory and refreshed;
//! sessions are looked up, as only people have them.

use std::{
    sync::{Arc, RwLock},
    time::Duration,
};

use axum::http::{HeaderMap, header};
use pharos_model::Source;
use subtle::ConstantTimeEq;
use tokio::{sync::Mutex, time::Instant};

use super::error::Error;
use crate::{
    clock,
    identity::{INGEST_PREFIX, hash_token},
    store::{ApiKey, KeyKind, Store, StoreResult},
};

/// The cookie of a person signed in.
pub(super) const SESSION_COOKIE: &str = "pharos_session";

/// The project that the dashboard and the demo show: the first one.
pub(crate) const FIRST_PROJECT: i32 = 1;

/// Between two refreshes caused by unknown keys: what a flood of them may cost the database.
const REFRESH_PAUSE: Duration = Duration::from_millis(250);

/// What a key gives access to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) project_id: i32,
    pub(super) kind: KeyKind,
}

impl Access {
    /// What is written with this key came from a page or from a server.
    pub(super) const fn source(self) -> Source {
        match self.kind {
            KeyKind::Ingest => Source::Client,
            KeyKind::Secret => Source::Server,
        }
    }
}

/// The keys in use, in memory.
pub(crate) struct Keys {
    store: Arc<dyn Store>,
    known: RwLock<Arc<[ApiKey]>>,
    /// When the last refresh began. Whoever holds the lock refreshes; the others wait for it.
    refreshed: Mutex<Option<Instant>>,
}

impl Keys {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, known: RwLock::new(Arc::new([])), refreshed: Mutex::new(None) }
    }

    /// Reads the keys anew. When the store is away, those known stay in use.
    pub(crate) async fn refresh(&self) -> StoreResult<()> {
        self.refresh_locked(&mut *self.refreshed.lock().await).await
    }

    async fn refresh_locked(&self, refreshed: &mut Option<Instant>) -> StoreResult<()> {
        let began = Instant::now();
        let keys = self.store.keys().await?;
        let keys = keys.into_iter().filter(|key| key.revoked_at.is_none()).collect();
        *self.known.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = keys;
        *refreshed = Some(began);
        Ok(())
    }

    fn known(&self) -> Arc<[ApiKey]> {
        self.known.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// What `key` gives access to. No key is called unknown before the store was asked after the key
    /// arrived: a sender drops its events on that answer.
    pub(super) async fn find(&self, key: &str) -> Result<Access, Error> {
        let arrived = Instant::now();
        if let Some(access) = self.find_known(key) {
            return Ok(access);
        }
        let mut refreshed = self.refreshed.lock().await;
        if refreshed.is_none_or(|at| at < arrived) {
            if let Some(last) = *refreshed {
                tokio::time::sleep_until(last + REFRESH_PAUSE).await;
            }
            self.refresh_locked(&mut refreshed).await?;
        }
        self.find_known(key).ok_or(Error::UnknownKey)
    }

    fn find_known(&self, key: &str) -> Option<Access> {
        let hash = hash_token(key);
        // All of them, each compared as a whole: how long it takes says nothing about any key.
        let mut found = None;
        for known in &*self.known() {
            if bool::from(known.hash.ct_eq(&hash)) {
                found = Some(Access { project_id: known.project_id, kind: known.kind });
            }
        }
        found
    }

    /// A public key of the first project, for its own pages.
    pub(super) fn first_ingest_key(&self) -> Option<String> {
        let is_public =
            |key: &&ApiKey| key.project_id == FIRST_PROJECT && key.shown.starts_with(INGEST_PREFIX);
        self.known().iter().find(is_public).map(|key| key.shown.clone())
    }
}

/// The key of `Authorization: Bearer`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

/// The project that a reader may read: by a secret key, or by a session.
pub(super) async fn reader(headers: &HeaderMap, keys: &Keys, store: &dyn Store) -> Result<i32, Error> {
    if let Some(key) = bearer(headers) {
        return match keys.find(key).await? {
            Access { project_id, kind: KeyKind::Secret } => Ok(project_id),
            Access { kind: KeyKind::Ingest, .. } => Err(Error::ForbiddenKey),
        };
    }
    if is_signed_in(headers, store).await? { Ok(FIRST_PROJECT) } else { Err(Error::MissingKey) }
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
