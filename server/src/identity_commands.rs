//! `pharos users` and `pharos pepper`: who people are, and that it can be forgotten.

use std::time::Duration;

use anyhow::Context;
use pharos_server::{
    config::Config,
    erasure::Eraser,
    identity::{Peppers, new_pepper},
    setup,
};

use crate::{
    PROJECT,
    cli::{PepperCommand, UsersCommand},
};

/// Between two looks at a receipt that a running server may be working for.
const LOOK_EVERY: Duration = Duration::from_millis(500);

pub(crate) async fn users(command: UsersCommand, config: &Config) -> anyhow::Result<()> {
    let UsersCommand::Erase { id } = command;
    let store = setup::open_store(config).await?;
    let eraser = Eraser::new(store.clone());
    let erasure_id = eraser.request(&setup::peppers(config)?, PROJECT, &id).await?;
    let receipt = loop {
        eraser.work().await?;
        let receipt = store.erasure(PROJECT, &erasure_id).await?.context("the receipt is gone")?;
        if receipt.finished_at.is_some() {
            break receipt;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    };
    store.close().await;
    println!("{} events and {} refused events removed", receipt.events, receipt.quarantined);
    println!("what still waits in a spool is left out when it is drained; the receipt is {erasure_id}");
    Ok(())
}

pub(crate) async fn pepper(command: PepperCommand, config: &Config) -> anyhow::Result<()> {
    let PepperCommand::Rotate { forget_old } = command;
    if config.secrets.pepper.is_some() {
        println!("TELEMETRY_PEPPER is set: set it on every node to");
        println!("  {}", new_pepper());
        if forget_old {
            println!("remove TELEMETRY_OLD_PEPPERS, and start the servers again");
        } else {
            println!("put its value of now first in TELEMETRY_OLD_PEPPERS, and start the servers again");
        }
        return Ok(());
    }
    let store = setup::open_store(config).await?;
    let rotated = Peppers::rotate(&config.data_dir, forget_old);
    let peppers = rotated.context("no pepper to rotate: start `pharos serve` once")?;
    let noted = store.note("pepper_fingerprint", &peppers.current.fingerprint()).await;
    store.close().await;
    noted?;
    println!("a new pepper is in {}; start the server again to use it", config.data_dir.display());
    match peppers.old.len() {
        0 => println!("the old ones are forgotten: ids of before can no longer be traced to a person"),
        kept => println!("{kept} before it are kept, to find a person's older events by; keep the file safe"),
    }
    Ok(())
}
