//! What a node must know to take events while its database is away, kept in its data directory: which keys
//! there are, as hashes, and what their projects allow. A node that starts then goes by what held when it
//! last reached the database.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use pharos_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::store::{ApiKey, KeyKind, Project};

/// Name of the file in the data directory.
const KNOWN_FILE: &str = "known.json";

/// Projects and keys as the database had them.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Every project.
    pub projects: Vec<Project>,
    /// The keys in use.
    pub keys: Vec<ApiKey>,
}

/// Where it is kept, and of which database it is.
#[derive(Debug, Clone)]
pub struct KnownFile {
    path: PathBuf,
    database: String,
}

#[derive(Serialize, Deserialize)]
struct Content {
    database: String,
    projects: Vec<StoredProject>,
    keys: Vec<StoredKey>,
}

#[derive(Serialize, Deserialize)]
struct StoredProject {
    id: i32,
    name: String,
    created_at_ms: i64,
    allowed_origins: Option<String>,
    pii_rules: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredKey {
    id: i64,
    project_id: i32,
    kind: String,
    scopes: String,
    name: String,
    hash: [u8; 32],
    shown: String,
    created_at_ms: i64,
}

impl KnownFile {
    /// The file in `data_dir` about `database`, a name without its password.
    pub fn new(data_dir: &Path, database: String) -> Self {
        Self { path: data_dir.join(KNOWN_FILE), database }
    }

    /// What is to be written; equal texts need not be written again.
    pub fn text(&self, known: &Known) -> String {
        let content = Content {
            database: self.database.clone(),
            projects: known.projects.iter().map(StoredProject::of).collect(),
            keys: known.keys.iter().filter(|key| key.revoked_at.is_none()).map(StoredKey::of).collect(),
        };
        serde_json::to_string(&content).expect("strings and numbers are JSON")
    }

    /// Writes a text in the place of the one there, whole or not at all, for its owner's eyes.
    ///
    /// # Errors
    /// When the data directory cannot be written.
    pub fn write(&self, text: &str) -> io::Result<()> {
        let new = self.path.with_extension("json.new");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &self.path)
    }

    /// What was written last; `None` if nothing was, or of another database.
    pub fn read(&self) -> Option<Known> {
        let content: Content = serde_json::from_str(&fs::read_to_string(&self.path).ok()?).ok()?;
        if content.database != self.database {
            return None;
        }
        let keys = content.keys.into_iter().map(StoredKey::into_key).collect::<Option<_>>()?;
        Some(Known {
            projects: content.projects.into_iter().map(StoredProject::into_project).collect(),
            keys,
        })
    }
}

impl StoredProject {
    fn of(project: &Project) -> Self {
        Self {
            id: project.id,
            name: project.name.clone(),
            created_at_ms: project.created_at.unix_ms(),
            allowed_origins: project.allowed_origins.clone(),
            pii_rules: project.pii_rules.clone(),
        }
    }

    fn into_project(self) -> Project {
        Project {
            id: self.id,
            name: self.name,
            created_at: Timestamp::from_unix_ms(self.created_at_ms),
            allowed_origins: self.allowed_origins,
            pii_rules: self.pii_rules,
        }
    }
}

impl StoredKey {
    fn of(key: &ApiKey) -> Self {
        Self {
            id: key.id,
            project_id: key.project_id,
            kind: key.kind.as_str().to_owned(),
            scopes: key.scopes.to_string(),
            name: key.name.clone(),
            hash: key.hash,
            shown: key.shown.clone(),
            created_at_ms: key.created_at.unix_ms(),
        }
    }

    fn into_key(self) -> Option<ApiKey> {
        Some(ApiKey {
            id: self.id,
            project_id: self.project_id,
            kind: KeyKind::parse(&self.kind)?,
            scopes: self.scopes.parse().ok()?,
            name: self.name,
            hash: self.hash,
            shown: self.shown,
            created_at: Timestamp::from_unix_ms(self.created_at_ms),
            // Not worth a write of the file each minute.
            last_used_at: None,
            revoked_at: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::Scopes;

    fn known() -> Known {
        let key = ApiKey {
            id: 7,
            project_id: 1,
            kind: KeyKind::Secret,
            scopes: Scopes::USUAL,
            name: "shop".to_owned(),
            hash: [9; 32],
            shown: "sk_123456…".to_owned(),
            created_at: Timestamp::from_unix_ms(5),
            last_used_at: Some(Timestamp::from_unix_ms(6)),
            revoked_at: None,
        };
        let project = Project {
            id: 1,
            name: "default".to_owned(),
            created_at: Timestamp::from_unix_ms(4),
            allowed_origins: Some("[]".to_owned()),
            pii_rules: None,
        };
        let revoked = ApiKey { id: 8, revoked_at: Some(Timestamp::from_unix_ms(7)), ..key.clone() };
        Known { projects: vec![project], keys: vec![key, revoked] }
    }

    #[test]
    fn what_is_written_is_read() {
        let dir = tempfile::TempDir::new().unwrap();
        let file = KnownFile::new(dir.path(), "postgres://db".to_owned());
        assert!(file.read().is_none());
        let text = file.text(&known());
        file.write(&text).unwrap();
        file.write(&text).unwrap();
        let read = file.read().unwrap();
        assert_eq!(read.projects, known().projects);
        assert_eq!(read.keys.iter().map(|key| (key.id, key.hash)).collect::<Vec<_>>(), [(7, [9; 32])]);
        assert_eq!(read.keys[0].scopes, Scopes::USUAL);
        assert_eq!(file.text(&read), text);
        assert!(KnownFile::new(dir.path(), "postgres://other".to_owned()).read().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn it_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::TempDir::new().unwrap();
        let file = KnownFile::new(dir.path(), "postgres://db".to_owned());
        file.write("{}").unwrap();
        let mode = fs::metadata(dir.path().join(KNOWN_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(file.read().is_none(), "no content");
    }
}
