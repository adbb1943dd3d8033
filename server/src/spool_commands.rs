//! `pharos spool check` and `pharos spool drain`: a person looks at what waits for the database, and acts.

use std::time::Duration;

use anyhow::Context;
use pharos_server::{
    config::Config,
    ingest::backlog::{Backlog, Drained, SPOOL_FILE},
    setup,
    store::spool::Holds,
};

use crate::{cli::SpoolCommand, progress};

/// Attempts to reach the database before giving up, a second apart.
const ATTEMPTS: u32 = 10;

/// Runs one of the commands. A server may be running on the same spool meanwhile.
pub(crate) async fn run(command: SpoolCommand, config: &Config) -> anyhow::Result<()> {
    let path = config.data_dir.join(SPOOL_FILE);
    if !path.exists() {
        println!("{} does not exist: nothing was ever spooled here", path.display());
        return Ok(());
    }
    let backlog = Backlog::new(path, config.limits.spool_bytes);
    let done = match command {
        SpoolCommand::Check => check(&backlog).await,
        SpoolCommand::Drain => drain(&backlog, config).await,
    };
    backlog.close().await;
    done
}

async fn check(backlog: &Backlog) -> anyhow::Result<()> {
    let help = "keep the file: events in it were acknowledged. `sqlite3 spool.db .recover` may save them; \
                a server started without the file makes a new one";
    let holds = backlog.open().await.context(help)?.check().await.context(help)?;
    println!("{}", describe(&holds));
    Ok(())
}

fn describe(holds: &Holds) -> String {
    match holds.oldest {
        None => "sound, and empty".to_owned(),
        Some(oldest) => format!(
            "sound; {} events in {} flushes wait, {} bytes, since {oldest}",
            holds.events, holds.flushes, holds.bytes
        ),
    }
}

async fn drain(backlog: &Backlog, config: &Config) -> anyhow::Result<()> {
    let holds = backlog.open().await?.holds().await?;
    if holds.flushes == 0 {
        println!("nothing waits");
        return Ok(());
    }
    let store = setup::open_store(config).await?;
    let progress = progress::bar(holds.events, "events");
    let mut written = 0;
    let mut attempts = 0;
    let done = loop {
        match backlog.drain_one(&*store).await {
            Ok(Drained::Nothing) => break Ok(()),
            Ok(Drained::Events(events)) => {
                attempts = 0;
                written += events;
                progress.inc(events);
            }
            Ok(Drained::Away) if attempts < ATTEMPTS => {
                attempts += 1;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Ok(Drained::Away) => {
                break Err(anyhow::anyhow!("the database does not take them; they still wait"));
            }
            Err(error) => break Err(error.into()),
        }
    };
    progress.finish_and_clear();
    store.close().await;
    println!("{written} events written to {}", setup::describe_database(config));
    done
}
