//! Secrets and what they stand for: API keys, the pepper, and the ids made with it. Only hashes of
//! secrets leave this module for the store; nothing here is ever logged.

use std::{fs, io, path::Path};

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

impl Pepper {
    /// The pepper made of `secret`.
    pub fn new(secret: &str) -> Self {
        Self(Hmac::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length"))
    }

    /// The pepper kept in `data_dir`, made there first if need be, readable by its owner only.
    ///
    /// # Errors
    /// When the file can be neither read nor made.
    pub fn load_or_create(data_dir: &Path) -> io::Result<Self> {
        let path = data_dir.join("pepper");
        let made = data_dir.join(format!("pepper.{}", random_hex::<8>()));
        if !path.exists() {
            write_private(&made, &random_hex::<32>())?;
            // A link, unlike a rename, fails when another process was first: then its pepper counts.
            let linked = fs::hard_link(&made, &path);
            fs::remove_file(&made)?;
            match linked {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        let secret = fs::read_to_string(&path)?;
        let secret = secret.trim();
        if secret.len() < 32 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the pepper file is damaged"));
        }
        Ok(Self::new(secret))
    }

    /// The id stored for a user: a UUID of version 8 from the keyed hash.
    pub fn user_id(&self, user: &UserHash) -> Uuid {
        uuid::Builder::from_custom_bytes(self.keyed(user.as_bytes())).into_uuid()
    }

    /// The ids by which a user may be stored of whom somebody says `text`: an id as it was sent, hashed
    /// or not, or, as people copy it from what is shown, the stored id itself.
    pub fn user_ids(&self, text: &str) -> Vec<Uuid> {
        let sent = self.user_id(&UserHash::of(text));
        std::iter::once(sent).chain(Uuid::try_parse(text)).collect()
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
    fn keys_made_are_keys_accepted() {
        assert!(ingest_key_is_valid(&new_ingest_key()));
        assert!(secret_key_is_valid(&new_secret_key()));
        for text in ["", "pk_", "pk_short", "sk_0123456789abcdef", "pk_0123456789abcde!"] {
            assert!(!ingest_key_is_valid(text), "{text}");
        }
    }
}
