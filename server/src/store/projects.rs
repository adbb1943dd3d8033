//! Projects and what holds for each: a small table whose SQL is the same for both databases.

use pharos_model::Timestamp;

use super::{
    Store, StoreError, StoreResult,
    sql::{Cell, Value},
};

/// A stored project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Number; the first one is 1.
    pub id: i32,
    /// What a person calls it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// JSON array of origins; `None`: the server's setting holds.
    pub allowed_origins: Option<String>,
    /// JSON object of rules; `None`: the server's setting holds.
    pub pii_rules: Option<String>,
}

impl dyn Store + '_ {
    /// Every project, in the order of their numbers.
    pub async fn projects(&self) -> StoreResult<Vec<Project>> {
        let sql = "SELECT CAST(id AS bigint), name, created_at_ms, allowed_origins, pii_rules \
             FROM projects ORDER BY id";
        let rows = self.select(sql, &[]).await?;
        let broken = || StoreError::BadData("table projects holds a row that is not a project".to_owned());
        rows.iter().map(|row| read(row).ok_or_else(broken)).collect()
    }

    /// Stores what holds for a project from now on; `false` if there is no such project.
    pub async fn change_project(&self, project: &Project) -> StoreResult<bool> {
        // An empty text stands for null, which neither an array nor an object is.
        let sql = "UPDATE projects SET name = $2, allowed_origins = NULLIF($3, ''), pii_rules = NULLIF($4, '') \
             WHERE id = $1";
        let values = [
            Value::Int(project.id.into()),
            Value::Text(&project.name),
            Value::Text(project.allowed_origins.as_deref().unwrap_or_default()),
            Value::Text(project.pii_rules.as_deref().unwrap_or_default()),
        ];
        Ok(self.execute(&[(sql, &values)]).await? == 1)
    }
}

fn read(row: &[Cell]) -> Option<Project> {
    let [id, name, created_at, allowed_origins, pii_rules] = row else { return None };
    let text = |cell: &Cell| (*cell != Cell::Null).then(|| cell.text().to_owned());
    Some(Project {
        id: id.int().try_into().ok()?,
        name: name.text().to_owned(),
        created_at: Timestamp::from_unix_ms(created_at.int()),
        allowed_origins: text(allowed_origins),
        pii_rules: text(pii_rules),
    })
}
