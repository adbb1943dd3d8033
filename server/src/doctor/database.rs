//! The database: whether it answers, its schema, its clock, and what tasks leave behind when they do not run.

use std::sync::Arc;

use super::{Finding, failed};
use crate::{
    clock,
    config::{Config, Database},
    identity::Peppers,
    setup::describe_database,
    store::{self, KeyKind, Store, StoreError, StoreResult},
};

type Say<'a> = &'a mut (dyn FnMut(Finding) + Send);

/// Clocks further apart than this put events into the wrong minute, and let leases overlap.
const APART_MS: i64 = 5_000;
/// Deltas of several minutes of a busy server.
const DELTAS_MAX: i64 = 200_000;
const POSTGRES_MIN: i64 = 150_000;

pub(super) async fn reach(config: &Config, say: Say<'_>) -> Option<Arc<dyn Store>> {
    if let Database::Sqlite(path) = &config.database
        && !path.exists()
    {
        let what = format!("{} does not exist", path.display());
        say(Finding::note("database", what, "`pharos serve` makes it"));
        return None;
    }
    let opened = async {
        let store = store::open(config).await?;
        store.ping().await?;
        Ok::<_, StoreError>(store)
    };
    match opened.await {
        Ok(store) => {
            say(Finding::well("database", format!("{} answers", describe_database(config))));
            Some(store)
        }
        Err(error) => {
            let advice = match error {
                StoreError::Forbidden(_) => {
                    "look at name and password in DATABASE_URL, and whether it exists"
                }
                _ => "start the database, or look at DATABASE_URL; events go to the spool meanwhile",
            };
            say(Finding::wrong("database", format!("{}: {error}", describe_database(config)), advice));
            None
        }
    }
}

/// Whether the schema can be used.
pub(super) async fn schema(store: &dyn Store, say: Say<'_>) -> bool {
    let schema = match store.schema().await {
        Ok(schema) => schema,
        Err(error) => {
            say(failed("schema", &error));
            return false;
        }
    };
    if !schema.broken.is_empty() {
        let what = format!("steps {:?} broke off, or were changed after they were taken", schema.broken);
        say(Finding::wrong(
            "schema",
            what,
            "restore a backup, or ask for help: this program did not write it",
        ));
    } else if !schema.missing.is_empty() {
        let what = format!("{} steps are missing, the first is {}", schema.missing.len(), schema.missing[0]);
        say(Finding::wrong("schema", what, "pharos migrate (`pharos serve` does it by itself)"));
    } else if !schema.unknown.is_empty() {
        let what =
            format!("a newer program has taken steps that this one does not know: {:?}", schema.unknown);
        say(Finding::wrong("schema", what, "run the newer program on every node"));
    } else {
        say(Finding::well("schema", "up to date"));
        return true;
    }
    false
}

pub(super) async fn tables(store: &dyn Store, peppers: Option<&Peppers>, say: Say<'_>) {
    let mut found = Vec::new();
    for (about, looked) in [
        ("database", server(store, &mut found).await),
        ("pepper", fingerprint(store, peppers, &mut found).await),
        ("clock", receipts(store, &mut found).await),
        ("keys", keys(store, &mut found).await),
        ("tasks", tasks(store, &mut found).await),
    ] {
        if let Err(error) = looked {
            found.push(failed(about, &error));
        }
    }
    found.into_iter().for_each(say);
}

async fn server(store: &dyn Store, found: &mut Vec<Finding>) -> StoreResult<()> {
    let Some(server) = store.server().await? else { return Ok(()) };
    if server.version < POSTGRES_MIN {
        let what = format!("PostgreSQL {} is too old", server.version / 10_000);
        found.push(Finding::wrong("database", what, "use PostgreSQL 15 or later"));
    }
    if !server.careless.is_empty() {
        let what =
            format!("{} off: what was acknowledged may be lost in a crash", server.careless.join(", "));
        found.push(Finding::wrong("database", what, "turn it on in postgresql.conf"));
    }
    let apart_ms = server.now.unix_ms() - clock::now().unix_ms();
    found.push(if apart_ms.abs() > APART_MS {
        let what = format!("the database's is {apart_ms} ms from this machine's");
        Finding::wrong("clock", what, "let both machines set their time by NTP")
    } else {
        Finding::well("clock", format!("the database's agrees within {} ms", apart_ms.abs()))
    });
    if !server.has_room {
        let advice = "a running server makes them: look into its log; `pharos migrate` makes them now";
        found.push(Finding::wrong("partitions", "none for the events of tomorrow", advice));
    }
    if server.astray > 0 {
        let what = format!("about {} events have ids of no day that has one", server.astray);
        found.push(Finding::note(
            "partitions",
            what,
            "their senders' clocks are wrong, or their ids are no UUIDv7",
        ));
    }
    Ok(())
}

async fn fingerprint(
    store: &dyn Store,
    peppers: Option<&Peppers>,
    found: &mut Vec<Finding>,
) -> StoreResult<()> {
    let Some(known) = store.fact("pepper_fingerprint").await? else { return Ok(()) };
    let given = peppers.map(|peppers| peppers.current.fingerprint());
    if given.is_none_or(|given| given != known) {
        let what = "it is not the one that this database's user ids were keyed with";
        let advice = "set TELEMETRY_PEPPER to the same value on every node, or bring back the file `pepper`; \
                      until then known users are counted as new ones";
        found.push(Finding::wrong("pepper", what, advice));
    }
    Ok(())
}

async fn receipts(store: &dyn Store, found: &mut Vec<Finding>) -> StoreResult<()> {
    let Some(newest) = store.newest_receipt().await? else {
        found.push(Finding::note(
            "events",
            "none yet",
            "the first page of the dashboard shows what to put into a page",
        ));
        return Ok(());
    };
    let ahead_ms = newest.unix_ms() - clock::now().unix_ms();
    found.push(if ahead_ms > APART_MS {
        let what = format!("the newest event was received {} s in the future", ahead_ms / 1000);
        Finding::wrong("clock", what, "this machine's clock, or another node's, was changed: set them by NTP")
    } else {
        Finding::well("events", format!("the newest was received at {newest}"))
    });
    Ok(())
}

async fn keys(store: &dyn Store, found: &mut Vec<Finding>) -> StoreResult<()> {
    let keys = store.keys().await?;
    let in_use = |kind| keys.iter().filter(|key| key.kind == kind && key.revoked_at.is_none()).count();
    let (ingest, secret) = (in_use(KeyKind::Ingest), in_use(KeyKind::Secret));
    found.push(if ingest == 0 {
        Finding::wrong("keys", "no ingest key is in use: pages cannot send", "pharos keys create ingest")
    } else {
        Finding::well("keys", format!("{ingest} ingest and {secret} secret keys in use"))
    });
    Ok(())
}

async fn tasks(store: &dyn Store, found: &mut Vec<Finding>) -> StoreResult<()> {
    let waiting = store.deltas_waiting().await?;
    found.push(if waiting > DELTAS_MAX {
        let what = format!("{waiting} deltas wait to be folded into rollups: answers are slow");
        Finding::wrong("tasks", what, "a running server folds them: start one, or look into its log")
    } else {
        Finding::well("tasks", format!("{waiting} deltas wait to be folded into rollups"))
    });
    Ok(())
}
