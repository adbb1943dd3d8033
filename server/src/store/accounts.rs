//! Keys, sign-in links and dashboard sessions: small tables whose SQL is the same for both databases and
//! therefore written once. Times are milliseconds since 1970 in them for that reason.

use pharos_model::Timestamp;

use super::{
    Store, StoreError, StoreResult,
    sql::{Cell, Step, Value},
};
use crate::{
    identity::TokenHash,
    scope::{Scope, Scopes},
};

/// Which of the two sorts of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Public: writes client events, and nothing else.
    Ingest,
    /// Secret: does what its scopes say.
    Secret,
}

impl KeyKind {
    /// The name in the database and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Secret => "secret",
        }
    }

    /// The kind of this name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Ingest, Self::Secret].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A key about to be stored.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Public or secret.
    pub kind: KeyKind,
    /// What it may do, if it is secret.
    pub scopes: Scopes,
    /// What a person calls it.
    pub name: String,
    /// What stands for it.
    pub hash: TokenHash,
    /// The key itself if it is public, else its first characters.
    pub shown: String,
}

/// A stored key.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// Number, to revoke it by.
    pub id: i64,
    /// The project it belongs to.
    pub project_id: i32,
    /// Public or secret.
    pub kind: KeyKind,
    /// What it may do.
    pub scopes: Scopes,
    /// What a person calls it; may be empty.
    pub name: String,
    /// What stands for it.
    pub hash: TokenHash,
    /// The key itself if it is public, else its first characters.
    pub shown: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute at best.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

const INSERT_KEY: &str = "INSERT INTO api_keys (project_id, kind, key_hash, shown, created_at_ms, scopes, name) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (key_hash) DO NOTHING";

impl dyn Store + '_ {
    /// Makes the project together with its keys, unless it is there: of several nodes starting at
    /// once, one gets `true`. The primary key is the lock; the others wait for the first to commit.
    pub async fn create_project(
        &self,
        id: i32,
        name: &str,
        keys: &[NewKey],
        now: Timestamp,
    ) -> StoreResult<bool> {
        let project = [Value::Int(id.into()), Value::Text(name), Value::Int(now.unix_ms())];
        let scopes: Vec<_> = keys.iter().map(|key| key.scopes.to_string()).collect();
        let keys: Vec<_> =
            keys.iter().zip(&scopes).map(|(key, scopes)| key_values(id, key, scopes, now)).collect();
        let mut steps: Vec<Step<'_>> = vec![(
            "INSERT INTO projects (id, name, created_at_ms) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
            &project,
        )];
        steps.extend(keys.iter().map(|values| (INSERT_KEY, values.as_slice())));
        Ok(self.execute(&steps).await? == 1)
    }

    /// Adds a key, unless it is there.
    pub async fn create_key(&self, project_id: i32, key: &NewKey, now: Timestamp) -> StoreResult<bool> {
        let scopes = key.scopes.to_string();
        Ok(self.execute(&[(INSERT_KEY, &key_values(project_id, key, &scopes, now))]).await? == 1)
    }

    /// Revokes a key of a project; `false` if it has no such key in use.
    pub async fn revoke_key(&self, project_id: i32, id: i64, now: Timestamp) -> StoreResult<bool> {
        let sql = "UPDATE api_keys SET revoked_at_ms = $3 \
             WHERE project_id = $1 AND id = $2 AND revoked_at_ms IS NULL";
        let values = [Value::Int(project_id.into()), Value::Int(id), Value::Int(now.unix_ms())];
        Ok(self.execute(&[(sql, &values)]).await? == 1)
    }

    /// Notes that a key was used, unless a later use is known.
    pub async fn key_used(&self, id: i64, at: Timestamp) -> StoreResult<()> {
        let sql = "UPDATE api_keys SET last_used_at_ms = $2 \
             WHERE id = $1 AND (last_used_at_ms IS NULL OR last_used_at_ms < $2)";
        self.execute(&[(sql, &[Value::Int(id), Value::Int(at.unix_ms())])]).await?;
        Ok(())
    }

    /// Every key, revoked ones included, oldest first.
    pub async fn keys(&self) -> StoreResult<Vec<ApiKey>> {
        let sql = "SELECT id, CAST(project_id AS bigint), kind, key_hash, shown, created_at_ms, revoked_at_ms, \
             scopes, name, last_used_at_ms FROM api_keys ORDER BY id";
        let rows = self.select(sql, &[]).await?;
        let broken = || StoreError::BadData("table api_keys holds a row that is not a key".to_owned());
        rows.iter().map(|row| read_key(row).ok_or_else(broken)).collect()
    }

    /// Stores a sign-in link.
    pub async fn create_login_link(&self, link: &TokenHash, expires_at: Timestamp) -> StoreResult<()> {
        let sql = "INSERT INTO login_links (token_hash, expires_at_ms) VALUES ($1, $2)";
        self.execute(&[(sql, &[Value::Bytes(link), Value::Int(expires_at.unix_ms())])]).await?;
        Ok(())
    }

    /// Turns a link into a session, once: `false` if the link is unknown, used or expired.
    pub async fn redeem_login_link(
        &self,
        link: &TokenHash,
        session: &TokenHash,
        now: Timestamp,
        session_expires_at: Timestamp,
    ) -> StoreResult<bool> {
        // Deleting it is what makes it single-use: of two that try, one deletes the row.
        let redeem = "DELETE FROM login_links WHERE token_hash = $1 AND expires_at_ms > $2";
        let start = "INSERT INTO dashboard_sessions (token_hash, expires_at_ms) VALUES ($1, $2)";
        let changed = self
            .execute(&[
                (redeem, &[Value::Bytes(link), Value::Int(now.unix_ms())]),
                (start, &[Value::Bytes(session), Value::Int(session_expires_at.unix_ms())]),
            ])
            .await?;
        Ok(changed == 1)
    }

    /// Whether a session is valid.
    pub async fn session_is_valid(&self, session: &TokenHash, now: Timestamp) -> StoreResult<bool> {
        let sql = "SELECT expires_at_ms FROM dashboard_sessions WHERE token_hash = $1 AND expires_at_ms > $2";
        Ok(!self.select(sql, &[Value::Bytes(session), Value::Int(now.unix_ms())]).await?.is_empty())
    }

    /// Ends a session.
    pub async fn end_session(&self, session: &TokenHash) -> StoreResult<()> {
        let sql = "DELETE FROM dashboard_sessions WHERE token_hash = $1";
        self.execute(&[(sql, &[Value::Bytes(session)])]).await?;
        Ok(())
    }

    /// Removes links and sessions that have expired.
    pub async fn expire_sessions(&self, now: Timestamp) -> StoreResult<()> {
        let now = [Value::Int(now.unix_ms())];
        self.execute(&[("DELETE FROM login_links WHERE expires_at_ms <= $1", &now)]).await?;
        self.execute(&[("DELETE FROM dashboard_sessions WHERE expires_at_ms <= $1", &now)]).await?;
        Ok(())
    }

    /// Notes a fact about this database, whatever was known before.
    pub async fn note(&self, name: &str, value: &str) -> StoreResult<()> {
        let sql = "INSERT INTO facts (name, value) VALUES ($1, $2) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.execute(&[(sql, &[Value::Text(name), Value::Text(value)])]).await?;
        Ok(())
    }

    /// Remembers a fact about this database, unless one of this name is known. Returns the known one.
    pub async fn remember(&self, name: &str, value: &str) -> StoreResult<String> {
        let sql = "INSERT INTO facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
        self.execute(&[(sql, &[Value::Text(name), Value::Text(value)])]).await?;
        let rows = self.select("SELECT value FROM facts WHERE name = $1", &[Value::Text(name)]).await?;
        Ok(rows.first().and_then(|row| row.first()).map_or(String::new(), |cell| cell.text().to_owned()))
    }
}

fn key_values<'a>(project_id: i32, key: &'a NewKey, scopes: &'a str, now: Timestamp) -> [Value<'a>; 7] {
    [
        Value::Int(project_id.into()),
        Value::Text(key.kind.as_str()),
        Value::Bytes(&key.hash),
        Value::Text(&key.shown),
        Value::Int(now.unix_ms()),
        Value::Text(scopes),
        Value::Text(&key.name),
    ]
}

fn read_key(row: &[Cell]) -> Option<ApiKey> {
    let [id, project_id, kind, hash, shown, created_at, revoked_at, scopes, name, last_used_at] = row else {
        return None;
    };
    let moment = |cell: &Cell| (*cell != Cell::Null).then(|| Timestamp::from_unix_ms(cell.int()));
    let kind = KeyKind::parse(kind.text())?;
    let scopes = match kind {
        KeyKind::Ingest => Scopes::from_iter([Scope::Ingest]),
        KeyKind::Secret => scopes.text().parse().ok()?,
    };
    Some(ApiKey {
        id: id.int(),
        project_id: project_id.int().try_into().ok()?,
        kind,
        scopes,
        name: name.text().to_owned(),
        hash: hash.bytes().try_into().ok()?,
        shown: shown.text().to_owned(),
        created_at: Timestamp::from_unix_ms(created_at.int()),
        last_used_at: moment(last_used_at),
        revoked_at: moment(revoked_at),
    })
}
