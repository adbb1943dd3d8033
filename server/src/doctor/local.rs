//! What lies on this machine: settings, data directory, pepper, spool.

use std::path::Path;

use super::Finding;
use crate::{
    clock, config::Config, identity::Peppers, ingest::backlog::SPOOL_FILE, setup::describe_database,
    store::spool::Spool,
};

type Say<'a> = &'a mut (dyn FnMut(Finding) + Send);

/// With less free space than this a server is about to stop storing.
const FREE_BYTES_MIN: u64 = 256 << 20;
/// A running server writes what was spooled as soon as the database is back.
const SPOOLED_FOR_MS: i64 = 10 * 60_000;

pub(super) fn settings(config: &Config, say: Say<'_>) {
    say(Finding::well(
        "settings",
        format!("every one can be used; events go to {}", describe_database(config)),
    ));
    let mut note = |what: &str, advice: &str| say(Finding::note("settings", what, advice));
    if !config.enabled {
        note("no events are taken", "TELEMETRY_ENABLED=true takes them");
    }
    let is_https = config.public_url.as_ref().is_some_and(|url| url.starts_with("https://"));
    if !config.listen.ip().is_loopback() && !is_https {
        note(
            "it listens to other machines, and no https address is set: keys and sign-ins can be read on their way",
            "put a proxy that ends TLS before it and set TELEMETRY_PUBLIC_URL=https://...",
        );
    }
    if !config.listen.ip().is_loopback() && config.demo.is_some() {
        note("the demo shop is open to other machines", "TELEMETRY_DEMO=false turns it off");
    }
    if config.retention_days.is_none() {
        note("events are kept for ever", "TELEMETRY_RETENTION_DAYS says for how long");
    }
    if config.webhook.is_none() {
        note("nobody is told of alerts", "TELEMETRY_ALERT_WEBHOOK_URL says where to, see docs/alerts.md");
    }
}

pub(super) fn data_dir(config: &Config, say: Say<'_>) {
    let dir = &config.data_dir;
    if !dir.is_dir() {
        let what = format!("{} does not exist", dir.display());
        return say(Finding::note(
            "data directory",
            what,
            "`pharos serve` makes it; TELEMETRY_DATA_DIR says where",
        ));
    }
    if is_open_to_others(dir) {
        let what = format!("others on this machine can look into {}", dir.display());
        say(Finding::wrong("data directory", what, format!("chmod 700 {}", dir.display())));
    } else {
        say(Finding::well("data directory", format!("{}, for its owner only", dir.display())));
    }
    match free_bytes(dir) {
        Err(error) => say(Finding::wrong("disk", error.to_string(), "look at the data directory")),
        Ok(free) => {
            let (free_mib, spool_mib) = (free >> 20, config.limits.spool_bytes >> 20);
            let what = format!("{free_mib} MiB free");
            let advice = "make room, or keep events for a shorter time (TELEMETRY_RETENTION_DAYS)";
            say(if free < FREE_BYTES_MIN {
                Finding::wrong("disk", what, advice)
            } else if free < config.limits.spool_bytes {
                let what = format!("{what}, less than the spool may take ({spool_mib} MiB)");
                Finding::note("disk", what, "make room, or set TELEMETRY_SPOOL_BYTES lower")
            } else {
                Finding::well("disk", what)
            });
        }
    }
}

/// The peppers in use, if there are any that can be used.
pub(super) fn pepper(config: &Config, say: Say<'_>) -> Option<Peppers> {
    let secrets = &config.secrets;
    if let Some(pepper) = &secrets.pepper {
        say(Finding::well("pepper", "given by TELEMETRY_PEPPER"));
        return Peppers::of(
            std::iter::once(pepper.as_str()).chain(secrets.old_peppers.iter().map(String::as_str)),
        );
    }
    let path = Peppers::path(&config.data_dir);
    if !path.exists() {
        say(Finding::note(
            "pepper",
            "none yet",
            "`pharos serve` makes one; several nodes need the same one (TELEMETRY_PEPPER)",
        ));
        return None;
    }
    match Peppers::load_or_create(&config.data_dir) {
        Err(error) => {
            let advice = "bring it back from a backup: with another one known users are counted as new ones";
            say(Finding::wrong("pepper", format!("{}: {error}", path.display()), advice));
            None
        }
        Ok(peppers) => {
            if is_open_to_others(&path) {
                let what = format!("others on this machine can read {}", path.display());
                say(Finding::wrong("pepper", what, format!("chmod 600 {}", path.display())));
            } else {
                let what = format!("in {}, with {} before it", path.display(), peppers.old.len());
                say(Finding::well("pepper", what));
            }
            Some(peppers)
        }
    }
}

pub(super) async fn spool(config: &Config, say: Say<'_>) {
    let path = config.data_dir.join(SPOOL_FILE);
    if !path.exists() {
        return say(Finding::well("spool", "never needed"));
    }
    let looked = async {
        let spool = Spool::open(&path, config.limits.spool_bytes).await?;
        let holds = spool.holds().await;
        spool.close().await;
        holds
    };
    say(match looked.await {
        Err(error) => {
            let advice = "keep the file, events in it were acknowledged; see what `pharos spool check` says";
            Finding::wrong("spool", error.to_string(), advice)
        }
        Ok(holds) => match holds.oldest {
            None => Finding::well("spool", "sound, and empty"),
            Some(oldest) => {
                let what = format!("{} events wait for the database since {oldest}", holds.events);
                if clock::now().unix_ms() - oldest.unix_ms() > SPOOLED_FOR_MS {
                    let advice =
                        "a running server writes them when the database is back; `pharos spool drain` now";
                    Finding::wrong("spool", what, advice)
                } else {
                    Finding::note("spool", what, "they are written as soon as the database takes them")
                }
            }
        },
    });
}

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
}

#[cfg(unix)]
fn free_bytes(path: &Path) -> std::io::Result<u64> {
    let stat = rustix::fs::statvfs(path)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_: &Path) -> std::io::Result<u64> {
    Err(std::io::ErrorKind::Unsupported.into())
}
