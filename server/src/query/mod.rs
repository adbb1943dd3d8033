//! Questions about what is stored, answered through the store.

pub(crate) mod outcomes;
pub(crate) mod quarantine;
pub(crate) mod recent;
