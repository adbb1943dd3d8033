//! Questions about what is stored, answered through the store.

pub mod delivery;
pub(crate) mod health;
pub(crate) mod outcomes;
pub(crate) mod quarantine;
pub(crate) mod recent;
pub(crate) mod usual;
