//! Rules that are watched, how they stand, and the history of that. What a rule says is JSON to this file.

use pharos_model::Timestamp;

use super::{
    Store, StoreResult,
    sql::{Cell, Value},
};

/// A rule as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertRow {
    /// Name in addresses; of the built-in ones, their kind.
    pub id: String,
    /// Whether every project has it.
    pub builtin: bool,
    /// What it says, as JSON.
    pub definition: String,
    /// `ok`, `firing` or `unknown`.
    pub state: String,
    /// Since when.
    pub since: Timestamp,
    /// What was measured last.
    pub value: Option<f64>,
    /// The same in words.
    pub detail: String,
    /// The state that was last told of.
    pub told: String,
    /// How often telling of the present state was tried.
    pub attempts: i64,
    /// When it is tried again.
    pub next_try: Timestamp,
    /// The line of the history that began the present state.
    pub history_id: String,
}

/// A change of a rule's state.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertChange {
    /// Of version 7.
    pub id: String,
    /// Which rule.
    pub rule_id: String,
    /// What it was called.
    pub name: String,
    /// The state that began.
    pub state: String,
    /// When.
    pub at: Timestamp,
    /// What was measured.
    pub value: Option<f64>,
    /// The same in words.
    pub detail: String,
    /// `sent`, `failed`, `quiet` or `none`.
    pub notified: String,
    /// What the webhook answered; 0 if nothing.
    pub status: i64,
}

const RULES: &str = "SELECT id, builtin, definition, state, since_ms, value, detail, told, attempts, next_try_ms, \
     history_id FROM alert_rules WHERE project_id = $1 ORDER BY builtin DESC, id";

const HISTORY: &str = "SELECT id, rule_id, name, state, at_ms, value, detail, notified, status FROM alert_history \
     WHERE project_id = $1 ORDER BY at_ms DESC, id DESC LIMIT $2";

impl dyn Store + '_ {
    /// The project's rules, built-in ones first.
    pub async fn alert_rules(&self, project_id: i32) -> StoreResult<Vec<AlertRow>> {
        let rows = self.select(RULES, &[Value::Int(project_id.into())]).await?;
        Ok(rows.iter().map(|row| read_rule(row)).collect())
    }

    /// Adds a rule unless there is one of this id.
    pub async fn add_alert_rule(
        &self,
        project_id: i32,
        id: &str,
        builtin: bool,
        definition: &str,
        now: Timestamp,
    ) -> StoreResult<bool> {
        let sql = "INSERT INTO alert_rules (project_id, id, builtin, definition, state, since_ms, value, detail, \
                   told, attempts, next_try_ms, history_id) \
             VALUES ($1, $2, $3, $4, 'unknown', $5, '', '', 'ok', 0, 0, '') ON CONFLICT (project_id, id) DO NOTHING";
        let values = [
            Value::Int(project_id.into()),
            Value::Text(id),
            Value::Int(builtin.into()),
            Value::Text(definition),
            Value::Int(now.unix_ms()),
        ];
        Ok(self.execute(&[(sql, &values)]).await? == 1)
    }

    /// Changes what a rule says; how it stands is unknown until it is looked at again.
    pub async fn define_alert_rule(
        &self,
        project_id: i32,
        id: &str,
        definition: &str,
        now: Timestamp,
    ) -> StoreResult<bool> {
        let sql = "UPDATE alert_rules SET definition = $3, state = 'unknown', since_ms = $4, value = '', detail = '', \
             attempts = 0, next_try_ms = 0 WHERE project_id = $1 AND id = $2";
        let values = [
            Value::Int(project_id.into()),
            Value::Text(id),
            Value::Text(definition),
            Value::Int(now.unix_ms()),
        ];
        Ok(self.execute(&[(sql, &values)]).await? == 1)
    }

    /// Removes a rule that is not built in; its history stays.
    pub async fn delete_alert_rule(&self, project_id: i32, id: &str) -> StoreResult<bool> {
        let sql = "DELETE FROM alert_rules WHERE project_id = $1 AND id = $2 AND builtin = 0";
        Ok(self.execute(&[(sql, &[Value::Int(project_id.into()), Value::Text(id)])]).await? == 1)
    }

    /// Begins a new state, unless the rule has left the state it was seen in.
    pub async fn change_alert(
        &self,
        project_id: i32,
        seen_in: &str,
        change: &AlertChange,
    ) -> StoreResult<bool> {
        let update = "UPDATE alert_rules SET state = $4, since_ms = $5, value = $6, detail = $7, attempts = 0, \
             next_try_ms = 0, history_id = $8 WHERE project_id = $1 AND id = $2 AND state = $3";
        let insert = "INSERT INTO alert_history (id, project_id, rule_id, name, state, at_ms, value, detail, notified, status) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)";
        let value = number_text(change.value);
        let (project, at) = (Value::Int(project_id.into()), Value::Int(change.at.unix_ms()));
        let rule = [
            project,
            Value::Text(&change.rule_id),
            Value::Text(seen_in),
            Value::Text(&change.state),
            at,
            Value::Text(&value),
            Value::Text(&change.detail),
            Value::Text(&change.id),
        ];
        let line = [
            Value::Text(&change.id),
            project,
            Value::Text(&change.rule_id),
            Value::Text(&change.name),
            Value::Text(&change.state),
            at,
            Value::Text(&value),
            Value::Text(&change.detail),
            Value::Text(&change.notified),
        ];
        Ok(self.execute(&[(update, &rule), (insert, &line)]).await? == 1)
    }

    /// Notes what was measured without a change of state.
    pub async fn note_alert(
        &self,
        project_id: i32,
        id: &str,
        value: Option<f64>,
        detail: &str,
    ) -> StoreResult<()> {
        let sql = "UPDATE alert_rules SET value = $3, detail = $4 WHERE project_id = $1 AND id = $2";
        let value = number_text(value);
        let values =
            [Value::Int(project_id.into()), Value::Text(id), Value::Text(&value), Value::Text(detail)];
        self.execute(&[(sql, &values)]).await.map(drop)
    }

    /// Notes how telling of a rule's state went: what was told, the tries so far and the next one, and for the
    /// history what became of it.
    pub async fn note_alert_told(
        &self,
        project_id: i32,
        rule: &AlertRow,
        notified: &str,
        status: i64,
    ) -> StoreResult<()> {
        let update = "UPDATE alert_rules SET told = $3, attempts = $4, next_try_ms = $5 \
             WHERE project_id = $1 AND id = $2";
        let line = "UPDATE alert_history SET notified = $2, status = $3 WHERE id = $1";
        let values = [
            Value::Int(project_id.into()),
            Value::Text(&rule.id),
            Value::Text(&rule.told),
            Value::Int(rule.attempts),
            Value::Int(rule.next_try.unix_ms()),
        ];
        let line_values = [Value::Text(&rule.history_id), Value::Text(notified), Value::Int(status)];
        self.execute(&[(update, &values), (line, &line_values)]).await.map(drop)
    }

    /// Changes of state, the latest first.
    pub async fn alert_history(&self, project_id: i32, limit: u32) -> StoreResult<Vec<AlertChange>> {
        let rows = self.select(HISTORY, &[Value::Int(project_id.into()), Value::Int(limit.into())]).await?;
        Ok(rows.iter().map(|row| read_change(row)).collect())
    }

    /// Removes what changed before `cutoff`.
    pub async fn expire_alert_history(&self, project_id: i32, cutoff: Timestamp) -> StoreResult<u64> {
        let sql = "DELETE FROM alert_history WHERE project_id = $1 AND at_ms < $2";
        self.execute(&[(sql, &[Value::Int(project_id.into()), Value::Int(cutoff.unix_ms())])]).await
    }
}

fn number_text(value: Option<f64>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

fn read_rule(row: &[Cell]) -> AlertRow {
    AlertRow {
        id: row[0].text().to_owned(),
        builtin: row[1].int() != 0,
        definition: row[2].text().to_owned(),
        state: row[3].text().to_owned(),
        since: Timestamp::from_unix_ms(row[4].int()),
        value: row[5].text().parse().ok(),
        detail: row[6].text().to_owned(),
        told: row[7].text().to_owned(),
        attempts: row[8].int(),
        next_try: Timestamp::from_unix_ms(row[9].int()),
        history_id: row[10].text().to_owned(),
    }
}

fn read_change(row: &[Cell]) -> AlertChange {
    AlertChange {
        id: row[0].text().to_owned(),
        rule_id: row[1].text().to_owned(),
        name: row[2].text().to_owned(),
        state: row[3].text().to_owned(),
        at: Timestamp::from_unix_ms(row[4].int()),
        value: row[5].text().parse().ok(),
        detail: row[6].text().to_owned(),
        notified: row[7].text().to_owned(),
        status: row[8].int(),
    }
}
