//! Secrets and what they stand for: API keys, the pepper, and the ids made with it. Only hashes of
//! secrets leave this module for the store; nothing here is ever logged.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use hmac::{Hmac, KeyInit, Mac};
use pharos_model::UserHash;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Start of a public key, which may only write client events.
pub const INGEST_PREFIX: &str = "pk_";
/// Start of a secret key, which writes server events and reads.
pub const SECRET_PREFIX: &str = "sk_";

/// SHA-256 of a key, link or session token: what the store keeps instead of it. A fast hash will do,
/// as the tokens are random and long; there is nothing to guess from a word list.
pub type TokenHash = [u8; 32];

/// The hash that stands for a token.
pub fn hash_token(token: &str) -> TokenHash {
    Sha256::digest(token).into()
}

/// A new public key.
pub fn new_ingest_key() -> String {
    format!("{INGEST_PREFIX}{}", random_hex::<16>())
}

/// A new secret key.
pub fn new_secret_key() -> String {
    format!("{SECRET_PREFIX}{}", random_hex::<32>())
}

/// A new token for a sign-in link or a session.
pub fn new_token() -> String {
    random_hex::<32>()
}

/// Whether `text` may be a public key.
pub fn ingest_key_is_valid(text: &str) -> bool {
    text.strip_prefix(INGEST_PREFIX).is_some_and(|rest| is_token(rest, 16))
}

/// Whether `text` may be a secret key.
pub fn secret_key_is_valid(text: &str) -> bool {
    text.strip_prefix(SECRET_PREFIX).is_some_and(|rest| is_token(rest, 32))
}

fn is_token(text: &str, bytes_min: usize) -> bool {
    (bytes_min..=100).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Random bytes from the operating system.
///
/// # Panics
/// When the system has no randomness to give, without which no secret can be made.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

fn random_hex<const N: usize>() -> String {
    hex(&random_bytes::<N>())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The secret that user ids are keyed with. Without it a stored id cannot be traced back to a user
/// by trying likely names.
#[derive(Clone)]
pub struct Pepper(Hmac<Sha256>);

/// The pepper in use and those before it: ids of old events were keyed with them, and are found by them.
#[derive(Clone)]
pub struct Peppers {
    /// What new events are keyed with.
    pub current: Pepper,
    /// What older ones were keyed with, the last first.
    pub old: Vec<Pepper>,
}

/// Name of the file in the data directory: the pepper in use, and those before it, a line each.
const PEPPER_FILE: &str = "pepper";

/// Characters of a pepper.
const PEPPER_CHARS_MIN: usize = 32;

/// Peppers that are kept: what was rotated more often is past any retention.
const PEPPERS_MAX: usize = 8;

impl Peppers {
    /// The ids by which a user may be stored of whom somebody says `text`: an id as it was sent, hashed or
    /// not, under each pepper, that of new events first; or, as people copy it from what is shown, the stored
    /// id itself. Sites may well use UUIDs for their users, hence both.
    pub fn user_ids(&self, text: &str) -> Vec<Uuid> {
        let user = UserHash::of(text);
        let peppers = std::iter::once(&self.current).chain(&self.old);
        peppers.map(|pepper| pepper.user_id(&user)).chain(Uuid::try_parse(text)).collect()
    }

    /// The peppers of these secrets, if there is one and each is long enough.
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut peppers = Vec::new();
        for secret in secrets {
            if secret.chars().count() < PEPPER_CHARS_MIN {
                return None;
            }
            peppers.push(Pepper::new(secret));
        }
        (!peppers.is_empty()).then(|| Self { current: peppers.remove(0), old: peppers })
    }

    /// Where they are kept in `data_dir`, unless they are given from outside.
    pub fn path(data_dir: &Path) -> PathBuf {
        data_dir.join(PEPPER_FILE)
    }

    /// Those kept in `data_dir`; one is made there first if need be, readable by its owner only.
    ///
    /// # Errors
    /// When the file can be neither read nor made.
    pub fn load_or_create(data_dir: &Path) -> io::Result<Self> {
        let path = data_dir.join(PEPPER_FILE);
        if !path.exists() {
            let made = data_dir.join(format!("pepper.{}", random_hex::<8>()));
            write_private(&made, &new_pepper())?;
            // A link, unlike a rename, fails when another process was first: then its pepper counts.
            let linked = fs::hard_link(&made, &path);
            fs::remove_file(&made)?;
            match linked {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        Self::of(fs::read_to_string(&path)?.split_whitespace()).ok_or_else(damaged)
    }

    /// Puts a new pepper before those in `data_dir`, or with `forget_old` in their place. The file is
    /// there whole at any moment.
    ///
    /// # Errors
    /// When the file is not there, or cannot be read or written.
    pub fn rotate(data_dir: &Path, forget_old: bool) -> io::Result<Self> {
        let path = data_dir.join(PEPPER_FILE);
        let known = fs::read_to_string(&path)?;
        let old = known.split_whitespace().take(if forget_old { 0 } else { PEPPERS_MAX - 1 });
        let current = new_pepper();
        let secrets: Vec<&str> = std::iter::once(current.as_str()).chain(old).collect();
        let peppers = Self::of(secrets.iter().copied()).ok_or_else(damaged)?;
        let made = data_dir.join(format!("pepper.{}", random_hex::<8>()));
        write_private(&made, &secrets.join("\n"))?;
        fs::rename(&made, &path)?;
        Ok(peppers)
    }
}

/// A new secret to key user ids with.
pub fn new_pepper() -> String {
    random_hex::<32>()
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the pepper file is damaged")
}

impl Pepper {
    /// The pepper made of `secret`.
    pub fn new(secret: &str) -> Self {
        Self(Hmac::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length"))
    }

    /// The id stored for a user: a UUID of version 8 from the keyed hash.
    pub fn user_id(&self, user: &UserHash) -> Uuid {
        uuid::Builder::from_custom_bytes(self.keyed(user.as_bytes())).into_uuid()
    }

    /// A word that is the same for the same pepper and says nothing else about it.
    pub fn fingerprint(&self) -> String {
        hex(&self.keyed(b"pharos pepper fingerprint 1"))
    }

    fn keyed(&self, bytes: &[u8]) -> [u8; 16] {
        let digest = self.0.clone().chain_update(bytes).finalize().into_bytes();
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        half
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_ids_depend_on_the_pepper_and_on_nothing_else() {
        let user = UserHash::of("ada");
        let id = Pepper::new("one").user_id(&user);
        assert_eq!(id, Pepper::new("one").user_id(&UserHash::of(&user.to_string())));
        assert_ne!(id, Pepper::new("two").user_id(&user));
        assert_eq!(id.get_version_num(), 8);
    }

    #[test]
    fn after_a_rotation_old_ids_are_found_until_they_are_forgotten() {
        let dir = tempfile::TempDir::new().unwrap();
        assert!(Peppers::rotate(dir.path(), false).is_err(), "there is nothing to rotate");
        let user = "ada";
        let first = Peppers::load_or_create(dir.path()).unwrap().user_ids(user);
        let rotated = Peppers::rotate(dir.path(), false).unwrap().user_ids(user);
        assert_eq!((rotated.len(), rotated[1]), (2, first[0]));
        assert_ne!(rotated[0], first[0]);
        assert_eq!(Peppers::load_or_create(dir.path()).unwrap().user_ids(user), rotated);
        for _ in 0..10 {
            Peppers::rotate(dir.path(), false).unwrap();
        }
        assert_eq!(Peppers::load_or_create(dir.path()).unwrap().user_ids(user).len(), PEPPERS_MAX);
        assert_eq!(Peppers::rotate(dir.path(), true).unwrap().user_ids(user).len(), 1);
        assert_eq!(Peppers::load_or_create(dir.path()).unwrap().old.len(), 0);
        std::fs::write(dir.path().join(PEPPER_FILE), "short").unwrap();
        assert!(Peppers::load_or_create(dir.path()).is_err() && Peppers::rotate(dir.path(), false).is_err());
    }

    #[test]
    fn keys_made_are_keys_accepted() {
        assert!(ingest_key_is_valid(&new_ingest_key()));
        assert!(secret_key_is_valid(&new_secret_key()));
        for text in ["", "pk_", "pk_short", "sk_0123456789abcdef", "pk_0123456789abcde!"] {
            assert!(!ingest_key_is_valid(text), "{text}");
        }
    }
}
