//! `pharos keys` and `pharos project`: who may do what, from the terminal.

use anyhow::{Context, anyhow, ensure};
use pharos_server::{
    clock,
    config::Config,
    policy::{self, Policy},
    setup::{self, fresh_key, new_key},
    store::{KeyKind, NewKey, Store},
};

use crate::{
    PROJECT,
    cli::{KeysCommand, ProjectCommand},
    first_project,
};

pub(crate) async fn keys(command: KeysCommand, config: &Config) -> anyhow::Result<()> {
    let store = setup::open_store(config).await?;
    let done = match command {
        KeysCommand::List => list(&*store).await,
        KeysCommand::Create { kind, scopes, name } => {
            let kind = KeyKind::from(kind);
            let key = fresh_key(kind);
            let new = NewKey { scopes, name, ..new_key(kind, &key) };
            let created = store.create_key(PROJECT, &new, clock::now()).await;
            created.map(|_| println!("{key}")).context("no project yet: start `pharos serve` once")
        }
        KeysCommand::Revoke { id } => revoke(&*store, id).await,
    };
    store.close().await;
    done
}

async fn list(store: &dyn Store) -> anyhow::Result<()> {
    println!("{:>4}  {:<8}  {:<18}  {:<24}  {:<24}  key", "id", "kind", "scopes", "made", "last used");
    for key in store.keys().await? {
        let revoked = key.revoked_at.map_or(String::new(), |at| format!("  (revoked {at})"));
        let name = if key.name.is_empty() { String::new() } else { format!("  {}", key.name) };
        println!(
            "{:>4}  {:<8}  {:<18}  {:<24}  {:<24}  {}{name}{revoked}",
            key.id,
            key.kind.as_str(),
            key.scopes.to_string(),
            key.created_at.to_string(),
            key.last_used_at.map_or("-".to_owned(), |at| at.to_string()),
            key.shown,
        );
    }
    Ok(())
}

async fn revoke(store: &dyn Store, id: i64) -> anyhow::Result<()> {
    let revoked = store.revoke_key(PROJECT, id, clock::now()).await?;
    ensure!(revoked, "no key {id} is in use; see `pharos keys list`");
    println!("key {id} is revoked; servers stop taking it within 10 seconds");
    Ok(())
}

pub(crate) async fn project(command: ProjectCommand, config: &Config) -> anyhow::Result<()> {
    let store = setup::open_store(config).await?;
    let done = match command {
        ProjectCommand::Show => show(&*store, config).await,
        ProjectCommand::Set { name, origins, pii_rules } => {
            set(&*store, config, name, origins.as_deref(), pii_rules.as_deref()).await
        }
    };
    store.close().await;
    done
}

async fn show(store: &dyn Store, config: &Config) -> anyhow::Result<()> {
    let project = first_project(store).await?;
    let origins = Policy::of(&project, &config.policy).origins.texts();
    let by = |own: bool| if own { "" } else { "  (by the server's settings)" };
    let origins = if origins.is_empty() { "any".to_owned() } else { origins.join(", ") };
    println!("name       {}", project.name);
    println!("origins    {origins}{}", by(project.allowed_origins.is_some()));
    println!("pii rules  {}", project.pii_rules.as_deref().unwrap_or("by the server's settings"));
    Ok(())
}

async fn set(
    store: &dyn Store,
    config: &Config,
    name: Option<String>,
    origins: Option<&str>,
    pii_rules: Option<&str>,
) -> anyhow::Result<()> {
    let mut project = first_project(store).await?;
    if let Some(name) = name {
        ensure!(!name.trim().is_empty(), "--name: expected a name");
        project.name = name.trim().to_owned();
    }
    match origins {
        None => {}
        Some("default") => project.allowed_origins = None,
        Some(text) => {
            let origins =
                policy::parse_origins(text).map_err(|error| anyhow!("--origins: expected {error}"))?;
            project.allowed_origins = Some(serde_json::to_string(&origins.texts())?);
        }
    }
    match pii_rules {
        None => {}
        Some("default") => project.pii_rules = None,
        Some(text) => {
            let read = policy::rules_and_text(text);
            project.pii_rules = Some(read.map_err(|error| anyhow!("--pii-rules: expected {error}"))?.1);
        }
    }
    ensure!(store.change_project(&project).await?, "no project yet: start `pharos serve` once");
    show(store, config).await
}
