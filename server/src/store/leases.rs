//! Leases: what only one node may do at a time. A node that dies leaves its lease to expire.

use std::time::Duration;

use pharos_model::Timestamp;
use uuid::Uuid;

use super::{Store, StoreResult, sql::Value};

const TAKE: &str = "INSERT INTO leases AS held (name, holder, expires_at_ms) VALUES ($1, $2, $3) \
     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at_ms = excluded.expires_at_ms \
     WHERE held.holder = excluded.holder OR held.expires_at_ms <= $4";

impl dyn Store + '_ {
    /// Takes or renews the lease called `name` for `length`; `false` while another holds it. The nodes'
    /// clocks must agree to well within `length`.
    pub async fn take_lease(
        &self,
        name: &str,
        holder: Uuid,
        now: Timestamp,
        length: Duration,
    ) -> StoreResult<bool> {
        let expires_at_ms =
            now.unix_ms().saturating_add(i64::try_from(length.as_millis()).unwrap_or(i64::MAX));
        let holder = holder.to_string();
        let values =
            [Value::Text(name), Value::Text(&holder), Value::Int(expires_at_ms), Value::Int(now.unix_ms())];
        Ok(self.execute(&[(TAKE, &values)]).await? == 1)
    }

    /// Gives a lease back, if `holder` has it: another need not wait for it to expire.
    pub async fn give_lease_back(&self, name: &str, holder: Uuid) -> StoreResult<()> {
        let sql = "DELETE FROM leases WHERE name = $1 AND holder = $2";
        self.execute(&[(sql, &[Value::Text(name), Value::Text(&holder.to_string())])]).await?;
        Ok(())
    }
}
