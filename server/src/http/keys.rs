//! The keys in use and the projects they belong to, in memory: known by their hashes, refreshed now and
//! then, and when a key comes that is not known.

use std::{
    collections::HashMap,
    sync::{
        Arc, RwLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use pharos_model::{Source, Timestamp};
use subtle::ConstantTimeEq;
use tokio::{sync::Mutex, time::Instant};

use super::error::Error;
use crate::{
    clock,
    identity::hash_token,
    known::{self, KnownFile},
    policy::Policy,
    scope::{Scope, Scopes},
    store::{ApiKey, KeyKind, Project, Store, StoreResult},
};

/// The project that the dashboard and the demo show: the first one.
pub(crate) const FIRST_PROJECT: i32 = 1;

/// Between two refreshes caused by unknown keys: what a flood of them may cost the database.
const REFRESH_PAUSE: Duration = Duration::from_millis(250);

/// How exact the time of a key's last use is: each one stored is a write.
const USED_STEP_MS: i64 = 60_000;

/// What a key gives access to.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) key_id: i64,
    pub(crate) project_id: i32,
    pub(crate) kind: KeyKind,
    pub(crate) scopes: Scopes,
    pub(crate) policy: Arc<Policy>,
}

impl Access {
    /// What is written with this key came from a page or from a server.
    pub(crate) fn source(&self) -> Source {
        match self.kind {
            KeyKind::Ingest => Source::Client,
            KeyKind::Secret => Source::Server,
        }
    }

    /// Whether the key may do what takes `scope`. A public key stands in pages, for everybody to copy.
    pub(crate) fn may(&self, scope: Scope) -> bool {
        self.scopes.has(scope) && (self.kind == KeyKind::Secret || scope == Scope::Ingest)
    }
}

/// A key that is not revoked.
struct Known {
    key: ApiKey,
    policy: Arc<Policy>,
    /// When it was last used on this node, in milliseconds since 1970; 0 for not yet.
    used_at_ms: AtomicI64,
}

/// The keys in use.
pub(crate) struct Keys {
    store: Arc<dyn Store>,
    defaults: Policy,
    known: RwLock<Arc<[Known]>>,
    /// When the last refresh began. Whoever holds the lock refreshes; the others wait for it.
    refreshed: Mutex<Option<Instant>>,
    /// For a start without the database, and what it was last told.
    file: KnownFile,
    in_file: std::sync::Mutex<String>,
}

impl Keys {
    /// No keys yet. `defaults` hold where a project says nothing.
    pub(crate) fn new(store: Arc<dyn Store>, defaults: Policy, file: KnownFile) -> Self {
        Self {
            store,
            defaults,
            known: RwLock::new(Arc::new([])),
            refreshed: Mutex::new(None),
            file,
            in_file: std::sync::Mutex::default(),
        }
    }

    /// Takes what this node knew when it last reached the database. `false`: it never did.
    pub(crate) fn recall(&self) -> bool {
        let Some(known) = self.file.read() else { return false };
        self.take(known.projects, known.keys);
        true
    }

    /// Reads keys and projects anew, and stores when keys were used. When the store is away, those known stay
    /// in use.
    pub(crate) async fn refresh(&self) -> StoreResult<()> {
        self.refresh_locked(&mut *self.refreshed.lock().await).await?;
        for known in &*self.known() {
            let used_at_ms = known.used_at_ms.load(Ordering::Relaxed);
            let stored_ms = known.key.last_used_at.map_or(0, Timestamp::unix_ms);
            if used_at_ms - stored_ms >= USED_STEP_MS {
                self.store.key_used(known.key.id, Timestamp::from_unix_ms(used_at_ms)).await?;
            }
        }
        Ok(())
    }

    async fn refresh_locked(&self, refreshed: &mut Option<Instant>) -> StoreResult<()> {
        let began = Instant::now();
        let projects = self.store.projects().await?;
        let keys = self.store.keys().await?;
        let text = self.file.text(&known::Known { projects: projects.clone(), keys: keys.clone() });
        self.take(projects, keys);
        *refreshed = Some(began);
        self.write_file(text).await;
        Ok(())
    }

    /// Keeps what is known for a start without the database.
    async fn write_file(&self, text: String) {
        let in_file = || self.in_file.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if *in_file() == text {
            return;
        }
        let (file, to_write) = (self.file.clone(), text.clone());
        let written = tokio::task::spawn_blocking(move || file.write(&to_write)).await;
        match written.map_err(std::io::Error::other).flatten() {
            Ok(()) => *in_file() = text,
            Err(error) => tracing::warn!(%error, "keys not kept for a start without the database"),
        }
    }

    fn take(&self, projects: Vec<Project>, keys: Vec<ApiKey>) {
        let policy = |project| Arc::new(Policy::of(project, &self.defaults));
        let policies: HashMap<_, _> = projects.iter().map(|project| (project.id, policy(project))).collect();
        let before = self.known();
        let used_at_ms = |id| {
            let known = before.iter().find(|known| known.key.id == id);
            known.map_or(0, |known| known.used_at_ms.load(Ordering::Relaxed))
        };
        let known = keys.into_iter().filter(|key| key.revoked_at.is_none()).filter_map(|key| {
            // Every key's project is there: the schema sees to it.
            let policy = policies.get(&key.project_id)?.clone();
            Some(Known { used_at_ms: used_at_ms(key.id).into(), policy, key })
        });
        *self.known.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = known.collect();
    }

    fn known(&self) -> Arc<[Known]> {
        self.known.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// What `key` gives access to. No key is called unknown before the store was asked after the key
    /// arrived: a sender drops its events on that answer.
    pub(crate) async fn find(&self, key: &str) -> Result<Access, Error> {
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
        let known = self.known();
        for one in &*known {
            if bool::from(one.key.hash.ct_eq(&hash)) {
                found = Some(one);
            }
        }
        let Known { key, policy, used_at_ms } = found?;
        used_at_ms.store(clock::now().unix_ms(), Ordering::Relaxed);
        Some(Access {
            key_id: key.id,
            project_id: key.project_id,
            kind: key.kind,
            scopes: key.scopes,
            policy: policy.clone(),
        })
    }

    /// What holds for a project, by what is known of its keys; what the settings say if it has none.
    pub(crate) fn policy(&self, project_id: i32) -> Arc<Policy> {
        let known = self.known();
        let of_project = known.iter().find(|known| known.key.project_id == project_id);
        of_project.map_or_else(|| Arc::new(self.defaults.clone()), |known| known.policy.clone())
    }

    /// What the server's settings say.
    pub(crate) fn defaults(&self) -> &Policy {
        &self.defaults
    }

    /// A public key of the first project, for its own pages.
    pub(crate) fn first_ingest_key(&self) -> Option<String> {
        let is_public =
            |known: &&Known| known.key.project_id == FIRST_PROJECT && known.key.kind == KeyKind::Ingest;
        self.known().iter().find(is_public).map(|known| known.key.shown.clone())
    }
}
