//! `pharos`: reads the command line, listens, turns signals into a token, prints. The work is in the
//! library.

mod access_commands;
mod cli;
mod doctor_command;
mod export_commands;
mod identity_commands;
mod progress;
mod quarantine_commands;
mod rollup_commands;
mod seed_commands;
mod spool_commands;

use std::{
    io::{self, BufRead, Write},
    process::ExitCode,
};

use anyhow::Context;
use pharos_model::{EventId, Judge, check_line, pii::Rules};
use pharos_server::{
    clock,
    config::{Config, Log},
    forward::Destinations,
    identity::random_bytes,
    run,
    setup::{self, create_login_link},
    store::{Project, Store},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::cli::Command;

/// Requests and flushes are many small pieces of memory, taken on one thread and given back on another: the system's
/// allocator took an eighth of the server's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The first project, which the commands are about.
const PROJECT: i32 = 1;

fn main() -> ExitCode {
    let (command, config) = match cli::parse() {
        Ok(parsed) => parsed,
        Err(error) => {
            eprintln!("pharos: {error}");
            return ExitCode::from(2);
        }
    };
    start_log(config.log);
    if let Command::Doctor(args) = command {
        return doctor_command::run(args, &config);
    }
    let done = match command {
        Command::Check { rules } => check(rules.as_ref().unwrap_or(&config.policy.rules)),
        command => in_runtime(command, config),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pharos: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Libraries say no more than warnings at any level: their details may hold what must not be logged.
fn start_log(log: Log) {
    let filter = Targets::new()
        .with_default(tracing::level_filters::LevelFilter::WARN.min(log.level))
        .with_targets([("pharos", log.level), ("pharos_server", log.level)]);
    let lines = fmt::layer().with_writer(io::stderr).with_target(false);
    let registry = tracing_subscriber::registry().with(filter);
    if log.json {
        registry.with(lines.json().flatten_event(true)).init();
    } else {
        registry.with(lines.with_ansi(io::IsTerminal::is_terminal(&io::stderr()))).init();
    }
}

#[tokio::main]
async fn in_runtime(command: Command, config: Config) -> anyhow::Result<()> {
    match command {
        Command::Serve => serve(config).await,
        Command::Migrate => {
            setup::open_store(&config).await?.close().await;
            println!("the schema of {} is up to date", setup::describe_database(&config));
            Ok(())
        }
        Command::LoginLink => {
            let store = setup::open_store(&config).await?;
            let token = create_login_link(&*store).await?;
            store.close().await;
            println!("{}/login#{token}", cli::base_url(&config, config.listen));
            Ok(())
        }
        Command::Keys(command) => access_commands::keys(command, &config).await,
        Command::Project(command) => access_commands::project(command, &config).await,
        Command::Users(command) => identity_commands::users(command, &config).await,
        Command::Pepper(command) => identity_commands::pepper(command, &config).await,
        Command::Quarantine(command) => quarantine_commands::run(command, &config).await,
        Command::Export(args) => export_commands::run(args, &config).await,
        Command::Rollup(command) => rollup_commands::run(command, &config).await,
        Command::Spool(command) => spool_commands::run(command, &config).await,
        Command::Check { .. } | Command::Doctor(_) => {
            unreachable!("they have a runtime of their own, or none")
        }
        Command::SeedDemo(command) => {
            // What never happened is not sent on.
            let config = Config { destinations: Destinations::default(), ..config };
            seed_commands::run(command, &config).await
        }
    }
}

async fn serve(config: Config) -> anyhow::Result<()> {
    // Many systems begin at 1,024 open files and allow more; every connection is one.
    let wanted = u64::try_from(config.limits.connections_max).unwrap_or(u64::MAX).saturating_add(256);
    match rlimit::increase_nofile_limit(wanted) {
        Ok(files) if files < wanted => {
            tracing::warn!(files, wanted, "the system allows fewer open files than connections_max needs");
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "the limit of open files stays as it is"),
    }
    let address = config.listen;
    let listener = TcpListener::bind(address).await.with_context(|| match address.port() {
        0 => format!("cannot listen on {address}"),
        port => format!(
            "cannot listen on {address}. If another program has port {port}, stop it or set \
             TELEMETRY_LISTEN={}:{} (port 0 takes a free one)",
            address.ip(),
            port.wrapping_add(1)
        ),
    })?;
    let shutdown = CancellationToken::new();
    tokio::spawn(wait_for_signal(shutdown.clone()));
    let shown = config.clone();
    run(config, listener, shutdown, move |address, welcome| {
        println!("{}", cli::welcome_text(&shown, address, welcome));
    })
    .await?;
    Ok(())
}

/// The first signal stops in order; a second one ends the process at once.
async fn wait_for_signal(shutdown: CancellationToken) {
    next_signal().await;
    tracing::info!("stopping");
    shutdown.cancel();
    next_signal().await;
    tracing::warn!("stopped at once; requests that were open were not answered");
    std::process::exit(130);
}

#[cfg(unix)]
async fn next_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        },
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

#[cfg(not(unix))]
async fn next_signal() {
    drop(tokio::signal::ctrl_c().await);
}

/// The first project as it is stored.
async fn first_project(store: &dyn Store) -> anyhow::Result<Project> {
    let projects = store.projects().await?;
    let first = projects.into_iter().find(|project| project.id == PROJECT);
    first.context("no project yet: start `pharos serve` once")
}

/// Judges each line of standard input as the server would, and says so on standard output.
fn check(rules: &Rules) -> anyhow::Result<()> {
    let mut input = io::stdin().lock();
    let mut output = io::BufWriter::new(io::stdout().lock());
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        let event = line.trim_ascii();
        if !event.is_empty() {
            let received_at = clock::now();
            let fallback_id = EventId::v7(received_at.unix_ms(), random_bytes());
            let judge = Judge { received_at, sent_at: None, rules, fallback_id };
            writeln!(output, "{}", check_line(event, &judge))?;
        }
        line.clear();
    }
    output.flush()?;
    Ok(())
}
