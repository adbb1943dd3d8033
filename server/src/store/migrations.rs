//! The schema, one step a file. Both databases have the same numbers and names; a step that only one
//! of them needs is a comment in the other. A step is one command, because a distributed PostgreSQL
//! (Citus) takes no more in one string. A step that has been applied anywhere is never edited.

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};

use super::StoreError;

macro_rules! steps {
    ($($version:literal $name:literal)*) => {
        pub(super) fn postgres() -> Migrator {
            migrator(&[$(($version, $name, include_str!(concat!("migrations/postgres/", $version, "_", $name, ".sql")))),*])
        }

        pub(super) fn sqlite() -> Migrator {
            migrator(&[$(($version, $name, include_str!(concat!("migrations/sqlite/", $version, "_", $name, ".sql")))),*])
        }
    };
}

steps! {
    "0001" "projects"
    "0002" "api_keys"
    "0003" "login_links"
    "0004" "dashboard_sessions"
    "0005" "facts"
    "0006" "telemetry_events"
    "0007" "telemetry_events_by_timestamp"
    "0008" "telemetry_events_by_event"
    "0009" "telemetry_events_by_user"
    "0010" "telemetry_events_by_session"
    "0011" "telemetry_events_by_receipt"
    "0012" "outcome_deltas"
    "0013" "outcome_sums"
    "0014" "outcomes"
    "0015" "rollup_deltas"
    "0016" "rollup_sums"
    "0017" "rollups"
    "0018" "flush_marks"
    "0019" "drop_telemetry_events_by_user"
    "0020" "drop_telemetry_events_by_session"
    "0021" "drop_telemetry_events_by_timestamp"
    "0022" "drop_telemetry_events_by_receipt"
    "0023" "telemetry_events_by_time"
    "0024" "telemetry_events_by_person"
    "0030" "quarantine"
    "0031" "quarantine_by_hash"
    "0032" "quarantine_by_project"
    "0040" "sketch_deltas"
    "0041" "sketch_deltas_storage"
    "0042" "rollup_buckets"
    "0043" "rollup_buckets_storage"
    "0044" "rollup_buckets_by_time"
    "0045" "rollup_deltas_of_sqlite"
    "0046" "rollups_with_deltas_drop"
    "0047" "rollups_with_deltas"
    "0048" "rollup_versions"
    "0050" "api_key_scopes"
    "0051" "project_rules"
    "0052" "erasures"
    "0060" "outcomes_without_dropped"
    "0061" "dropped_events"
    "0062" "delivery_sessions"
    "0063" "delivery_sessions_by_slice"
    "0064" "delivery_slices"
    "0065" "leases"
    "0066" "alert_rules"
    "0067" "alert_history"
    "0068" "alert_history_by_time"
    "0070" "outcomes_without_redactions"
    "0071" "redactions"
    "0080" "forward_outbox"
    "0081" "forward_outbox_by_due"
    "0082" "forward_outbox_by_batch"
    "0083" "forward_totals"
    "0084" "delivery_sessions_derivation"
}

fn migrator(steps: &[(&str, &'static str, &'static str)]) -> Migrator {
    let migration = |&(version, name, sql): &(&str, &'static str, &'static str)| {
        let version = version.parse().expect("a step's number is a number");
        let sql = AssertSqlSafe(sql).into_sql_str();
        Migration::new(version, name.into(), MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations(steps.iter().map(migration).collect())
}

/// A database that fails may be back later; a schema that another version has changed waits for a person.
pub(super) fn migrate_error(error: MigrateError) -> StoreError {
    let text = format!("migrating: {error}");
    match error {
        MigrateError::Execute(_) | MigrateError::ExecuteMigration(..) => StoreError::Unavailable(text),
        _ => StoreError::Forbidden(text),
    }
}
