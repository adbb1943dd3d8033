//! Alerts: rules are looked at, their changes of state are written down, and each is told once.
//!
//! A state is stored before it is told, and what was told is stored after: a server that dies in between tells
//! again rather than never. One node looks at the rules at a time. While the database is away there is nothing
//! to read and no one to ask; then every node watches its own spool and tells of that by itself.

mod judge;
pub(crate) mod rule;
pub(crate) mod webhook;

use std::{sync::Arc, time::Duration};

use pharos_model::Timestamp;
use serde_json::json;
use tokio::sync::Mutex;
use uuid::Uuid;

use self::{
    judge::{Finding, judge, spool_growing},
    rule::{Definition, Kind, builtin},
    webhook::{Attempt, Webhook},
};
use crate::{
    config::WebhookConfig,
    ingest::backlog::Backlog,
    store::{
        Store, StoreResult,
        alerts::{AlertChange, AlertRow},
        random_id,
    },
};

/// Several rounds: a node that dies is followed by another.
const LEASE: Duration = Duration::from_secs(120);
/// Attempts at telling of one change, and the pause after the first; each further one is twice as long.
const ATTEMPTS_MAX: i64 = 6;
const RETRY_AFTER_MS: i64 = 30_000;
/// How long changes of state are remembered.
const HISTORY_DAYS: i64 = 90;
const DAY_MS: i64 = 24 * 3_600_000;

/// Looks at the rules and tells.
pub struct Alerts {
    store: Arc<dyn Store>,
    backlog: Arc<Backlog>,
    webhook: Option<Webhook>,
    node: Uuid,
    /// What is done while the database is away.
    alone: Mutex<Alone>,
}

/// What a node knows for when it can ask nobody.
struct Alone {
    /// The spool's rule as it was last read.
    rule: Definition,
    /// Whether it fired, and since when; and whether that was told.
    firing: Option<(Timestamp, bool)>,
    attempts: i64,
    next_try: Timestamp,
}

impl Alerts {
    /// Alerts told to `webhook`, if there is one.
    pub fn new(store: Arc<dyn Store>, backlog: Arc<Backlog>, webhook: Option<WebhookConfig>) -> Self {
        let [.., (_, rule)] = builtin();
        let alone = Alone { rule, firing: None, attempts: 0, next_try: Timestamp::from_unix_ms(0) };
        let webhook = webhook.map(Webhook::new);
        Self { store, backlog, webhook, node: random_id(), alone: Mutex::new(alone) }
    }

    /// Whether there is somebody to tell.
    pub(crate) fn has_webhook(&self) -> bool {
        self.webhook.is_some()
    }

    /// Sends a notification that says that it is a test; `None` without a webhook.
    pub(crate) async fn test(&self, now: Timestamp) -> Option<Attempt> {
        let body = json!({ "type": "test", "id": random_id().to_string(), "at": now.to_string() });
        Some(self.webhook.as_ref()?.send(body.to_string(), now).await)
    }

    /// One round: looks at every rule, unless another node does, and tells what there is to tell. The time is
    /// the caller's, so that tests need not wait.
    ///
    /// # Errors
    /// When the database is away; this node's spool has been looked at then.
    pub async fn round(&self, now: Timestamp) -> StoreResult<()> {
        let done = self.round_of_all(now).await;
        if done.is_err() {
            self.round_alone(now).await;
        }
        done
    }

    async fn round_of_all(&self, now: Timestamp) -> StoreResult<()> {
        if !self.store.take_lease("alerts", self.node, now, LEASE).await? {
            return Ok(());
        }
        let spool = self.backlog.holds().await;
        for project in self.store.projects().await? {
            let project_id = project.id;
            for (mut row, rule) in rules(&*self.store, project_id, now).await? {
                if rule.kind == Kind::SpoolGrowing {
                    self.take_over(project_id, &mut row, &rule, now).await?;
                }
                let found = judge(&*self.store, project_id, &rule, spool.as_ref(), now).await?;
                self.note(project_id, &mut row, &rule, &found, now).await?;
                self.tell(project_id, &mut row, &rule, now).await?;
            }
            let cutoff = Timestamp::from_unix_ms(now.unix_ms() - HISTORY_DAYS * DAY_MS);
            self.store.expire_alert_history(project_id, cutoff).await?;
        }
        Ok(())
    }

    /// Writes down what was found, and the change of state if it is one.
    async fn note(
        &self,
        project_id: i32,
        row: &mut AlertRow,
        rule: &Definition,
        found: &Finding,
        now: Timestamp,
    ) -> StoreResult<()> {
        if row.state == found.state() {
            if (row.value, &row.detail) != (found.value, &found.detail) {
                self.store.note_alert(project_id, &row.id, found.value, &found.detail).await?;
            }
            row.detail.clone_from(&found.detail);
            row.value = found.value;
            return Ok(());
        }
        let change = AlertChange {
            id: random_id().to_string(),
            rule_id: row.id.clone(),
            name: rule.name.clone(),
            state: found.state().to_owned(),
            at: now,
            value: found.value,
            detail: found.detail.clone(),
            notified: "none".to_owned(),
            status: 0,
        };
        if self.store.change_alert(project_id, &row.state, &change).await? {
            tracing::info!(rule = row.id, from = row.state, to = change.state, "a rule changed its state");
            row.state = change.state;
            row.since = now;
            row.value = change.value;
            row.detail = change.detail;
            row.history_id = change.id;
            row.attempts = 0;
            row.next_try = Timestamp::from_unix_ms(0);
        }
        Ok(())
    }

    /// Tells of a state that is another than the one told last. One that passed before it could be told, in
    /// quiet hours say, is not told.
    async fn tell(
        &self,
        project_id: i32,
        row: &mut AlertRow,
        rule: &Definition,
        now: Timestamp,
    ) -> StoreResult<()> {
        if row.state == "unknown" || row.state == row.told || now < row.next_try {
            return Ok(());
        }
        let Some(webhook) = &self.webhook else {
            row.told.clone_from(&row.state);
            return self.store.note_alert_told(project_id, row, "none", 0).await;
        };
        if rule.is_quiet(now) {
            return self.store.note_alert_told(project_id, row, "quiet", 0).await;
        }
        let attempt = webhook.send(notification(project_id, row, rule), now).await;
        row.attempts += 1;
        let status = attempt.status.map_or(0, i64::from);
        if attempt.succeeded() {
            row.told.clone_from(&row.state);
            return self.store.note_alert_told(project_id, row, "sent", status).await;
        }
        tracing::warn!(
            rule = row.id,
            attempts = row.attempts,
            detail = attempt.detail,
            "an alert was not told"
        );
        if row.attempts >= ATTEMPTS_MAX {
            row.told.clone_from(&row.state);
        }
        row.next_try = retry_at(now, row.attempts);
        self.store.note_alert_told(project_id, row, "failed", status).await
    }

    /// While the database was away this node may have told that events wait: that is written down first, so
    /// that it is not told twice, and that its end is told.
    async fn take_over(
        &self,
        project_id: i32,
        row: &mut AlertRow,
        rule: &Definition,
        now: Timestamp,
    ) -> StoreResult<()> {
        let mut alone = self.alone.lock().await;
        alone.rule = rule.clone();
        let Some((since, told)) = alone.firing else { return Ok(()) };
        let found = Finding {
            fires: Some(true),
            value: None,
            detail: "events waited on the disk while the database was away".to_owned(),
        };
        self.note(project_id, row, rule, &found, since).await?;
        if told && row.state == "firing" && row.told != "firing" {
            "firing".clone_into(&mut row.told);
            self.store.note_alert_told(project_id, row, "sent", 200).await?;
        }
        alone.firing = None;
        alone.attempts = 0;
        alone.next_try = now;
        Ok(())
    }

    /// Looks at this node's spool without a database.
    async fn round_alone(&self, now: Timestamp) {
        let spool = self.backlog.holds().await;
        let mut alone = self.alone.lock().await;
        let found = spool_growing(&alone.rule, spool.as_ref(), now);
        if !alone.rule.enabled || found.fires != Some(true) {
            return;
        }
        let (since, told) = alone.firing.unwrap_or((now, false));
        alone.firing = Some((since, told));
        let Some(webhook) = &self.webhook else { return };
        if told || alone.rule.is_quiet(now) || now < alone.next_try || alone.attempts >= ATTEMPTS_MAX {
            return;
        }
        let row = AlertRow {
            id: "spool_growing".to_owned(),
            builtin: true,
            definition: String::new(),
            state: "firing".to_owned(),
            since,
            value: found.value,
            detail: found.detail,
            told: String::new(),
            attempts: 0,
            next_try: now,
            history_id: self.node.to_string(),
        };
        let attempt = webhook.send(notification(crate::http::FIRST_PROJECT, &row, &alone.rule), now).await;
        alone.attempts += 1;
        alone.next_try = retry_at(now, alone.attempts);
        alone.firing = Some((since, attempt.succeeded()));
    }
}

fn retry_at(now: Timestamp, attempts: i64) -> Timestamp {
    Timestamp::from_unix_ms(now.unix_ms() + (RETRY_AFTER_MS << (attempts - 1).clamp(0, 10)))
}

/// The rules of a project with what they say; the built-in ones are made where they are missing.
pub(crate) async fn rules(
    store: &dyn Store,
    project_id: i32,
    now: Timestamp,
) -> StoreResult<Vec<(AlertRow, Definition)>> {
    let mut rows = store.alert_rules(project_id).await?;
    let missing: Vec<_> =
        builtin().into_iter().filter(|(id, _)| !rows.iter().any(|row| row.id == *id)).collect();
    if !missing.is_empty() {
        for (id, rule) in missing {
            store.add_alert_rule(project_id, id, true, &to_json(&rule), now).await?;
        }
        rows = store.alert_rules(project_id).await?;
    }
    let read = |row: AlertRow| match serde_json::from_str(&row.definition) {
        Ok(rule) => Some((row, rule)),
        Err(error) => {
            tracing::error!(rule = row.id, %error, "a stored rule cannot be read");
            None
        }
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

pub(crate) fn to_json(rule: &Definition) -> String {
    serde_json::to_string(rule).expect("a rule is plain data")
}

/// What is sent: who receives it knows a repetition by `id`.
fn notification(project_id: i32, row: &AlertRow, rule: &Definition) -> String {
    json!({
        "type": "alert",
        "id": row.history_id,
        "project_id": project_id,
        "rule": { "id": row.id, "name": rule.name, "kind": rule.kind, "severity": rule.severity },
        "state": row.state,
        "since": row.since.to_string(),
        "value": row.value,
        "detail": row.detail,
    })
    .to_string()
}
