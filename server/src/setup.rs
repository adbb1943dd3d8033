//! From settings to a store that is ready: waiting for the database, the schema, the pepper, and at the
//! first start a project with its keys and a link to sign in with.

use std::{sync::Arc, time::Duration};

use pharos_model::Timestamp;
use tokio::time::Instant;

use crate::{
    RunError, clock,
    config::{Config, Database, Secrets},
    http::FIRST_PROJECT,
    identity::{Peppers, hash_token, new_ingest_key, new_secret_key, new_token},
    scope::Scopes,
    settings::mask_password,
    store::{self, KeyKind, NewKey, Store, StoreError, StoreResult},
};

/// How long a sign-in link works.
pub const LOGIN_LINK_MS: i64 = 15 * 60 * 1000;

/// How long a starting server waits for its database, which may be starting as well.
pub(crate) const DATABASE_WAIT: Duration = Duration::from_secs(30);
/// How long one waits that can take events without.
pub(crate) const DATABASE_WAIT_SHORT: Duration = Duration::from_secs(3);
const DATABASE_RETRY: Duration = Duration::from_millis(500);

/// Characters of a secret key that may be shown, to tell keys apart.
const SECRET_SHOWN_CHARS: usize = 9;

/// What a person who starts a server is told.
#[derive(Debug, Clone)]
pub struct Welcome {
    /// A public key of the first project.
    pub ingest_key: Option<String>,
    /// The secret key, when it was made just now: it cannot be shown again.
    pub secret_key: Option<String>,
    /// The token of a sign-in link, at the first start.
    pub login_token: Option<String>,
}

/// Opens the store, waits until the database answers, and brings its schema up to date.
///
/// # Errors
/// When the database does not answer in time, or refuses.
pub async fn open_store(config: &Config) -> Result<Arc<dyn Store>, RunError> {
    let store = open(config).await?;
    let failed = |error| RunError::Store { database: describe_database(config), error };
    prepare(&*store, DATABASE_WAIT).await.map_err(failed)?;
    Ok(store)
}

/// Opens the store, whose database need not be there.
pub(crate) async fn open(config: &Config) -> Result<Arc<dyn Store>, RunError> {
    create_data_dir(config)?;
    if let Database::Sqlite(path) = &config.database
        && let Some(folder) = path.parent()
    {
        create_private_dir(folder).map_err(|error| RunError::DataDir { directory: shown(folder), error })?;
    }
    let failed = |error| RunError::Store { database: describe_database(config), error };
    store::open(config).await.map_err(failed)
}

/// Waits at most `patience` until the database answers, and brings its schema up to date.
pub(crate) async fn prepare(store: &dyn Store, patience: Duration) -> StoreResult<()> {
    wait_for(store, patience).await?;
    store.migrate().await?;
    store.make_room(clock::now()).await?;
    Ok(())
}

async fn wait_for(store: &dyn Store, patience: Duration) -> StoreResult<()> {
    let until = Instant::now() + patience;
    loop {
        let Err(error) = store.ping().await else { return Ok(()) };
        if Instant::now() >= until || matches!(error, StoreError::Forbidden(_)) {
            return Err(error);
        }
        tracing::warn!(%error, "waiting for the database");
        tokio::time::sleep(DATABASE_RETRY).await;
    }
}

fn create_data_dir(config: &Config) -> Result<(), RunError> {
    let failed = |error| RunError::DataDir { directory: shown(&config.data_dir), error };
    create_private_dir(&config.data_dir).map_err(failed)
}

/// Others on the machine have no business with the events or the pepper.
fn create_private_dir(path: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn shown(path: &std::path::Path) -> String {
    path.display().to_string()
}

/// The database as it may be printed.
pub fn describe_database(config: &Config) -> String {
    match &config.database {
        Database::Sqlite(path) => shown(path),
        Database::Postgres(url) => mask_password(url),
    }
}

/// The peppers given, or those kept in the data directory.
///
/// # Errors
/// When the data directory cannot be used.
pub fn peppers(config: &Config) -> Result<Peppers, RunError> {
    let Secrets { pepper, old_peppers, .. } = &config.secrets;
    let given = pepper.iter().chain(old_peppers).map(String::as_str);
    match Peppers::of(given).filter(|_| pepper.is_some()) {
        Some(peppers) => Ok(peppers),
        None => Peppers::load_or_create(&config.data_dir)
            .map_err(|error| RunError::DataDir { directory: shown(&config.data_dir), error }),
    }
}

/// Makes the first project, if no node has done so yet, and adds the keys given from outside.
///
/// # Errors
/// When the store fails.
pub async fn first_start(config: &Config, store: &dyn Store, peppers: &Peppers) -> StoreResult<Welcome> {
    let now = clock::now();
    let given_ingest = config.secrets.ingest_key.clone();
    let given_secret = config.secrets.secret_key.clone();
    let ingest_key = given_ingest.clone().unwrap_or_else(new_ingest_key);
    let secret_key = given_secret.clone().unwrap_or_else(new_secret_key);
    let keys = [new_key(KeyKind::Ingest, &ingest_key), master_key(&secret_key)];

    if store.create_project(FIRST_PROJECT, "default", &keys, now).await? {
        store.remember("pepper_fingerprint", &peppers.current.fingerprint()).await?;
        return Ok(Welcome {
            ingest_key: Some(ingest_key),
            // One that was given is known already, and would only end up in a log.
            secret_key: given_secret.is_none().then_some(secret_key),
            login_token: Some(create_login_link(store).await?),
        });
    }

    for key in given_ingest.iter().map(|key| new_key(KeyKind::Ingest, key)) {
        store.create_key(FIRST_PROJECT, &key, now).await?;
    }
    for key in given_secret.iter().map(|key| master_key(key)) {
        store.create_key(FIRST_PROJECT, &key, now).await?;
    }
    let fingerprint = peppers.current.fingerprint();
    let known = store.remember("pepper_fingerprint", &fingerprint).await?;
    if peppers.old.iter().any(|old| old.fingerprint() == known) {
        store.note("pepper_fingerprint", &fingerprint).await?;
    } else if known != fingerprint {
        tracing::warn!(
            "this database was begun with another pepper: known users will be counted as new ones. \
             Set TELEMETRY_PEPPER to the same value on every node, or bring back the file `pepper`"
        );
    }
    let in_use = |key: &store::ApiKey| {
        key.project_id == FIRST_PROJECT && key.kind == KeyKind::Ingest && key.revoked_at.is_none()
    };
    let stored = store.keys().await?.into_iter().find(in_use).map(|key| key.shown);
    Ok(Welcome { ingest_key: given_ingest.or(stored), secret_key: None, login_token: None })
}

/// A key made at random.
pub fn fresh_key(kind: KeyKind) -> String {
    match kind {
        KeyKind::Ingest => new_ingest_key(),
        KeyKind::Secret => new_secret_key(),
    }
}

/// What is stored of the operator's own key, which may do everything.
fn master_key(key: &str) -> NewKey {
    NewKey { scopes: Scopes::ALL, ..new_key(KeyKind::Secret, key) }
}

/// What is stored of a key without a name, with the usual scopes.
pub fn new_key(kind: KeyKind, key: &str) -> NewKey {
    let shown = match kind {
        KeyKind::Ingest => key.to_owned(),
        KeyKind::Secret => format!("{}…", key.chars().take(SECRET_SHOWN_CHARS).collect::<String>()),
    };
    NewKey { kind, scopes: Scopes::USUAL, name: String::new(), hash: hash_token(key), shown }
}

/// Makes a sign-in link and returns its token.
///
/// # Errors
/// When the store fails.
pub async fn create_login_link(store: &dyn Store) -> StoreResult<String> {
    let token = new_token();
    let expires_at = Timestamp::from_unix_ms(clock::now().unix_ms() + LOGIN_LINK_MS);
    store.create_login_link(&hash_token(&token), expires_at).await?;
    Ok(token)
}
