//! Values kept in memory, each with a stamp of what it was made from; the one unused for longest makes room.

use std::{collections::HashMap, hash::Hash, sync::Arc};

/// Changes when what a value is made from does.
pub(super) type Stamp = u64;

struct Value<V> {
    stamp: Stamp,
    used: u64,
    bytes: usize,
    value: Arc<V>,
}

/// Values by key, of at most so many bytes together.
pub(super) struct Kept<K, V> {
    values: HashMap<K, Value<V>>,
    uses: u64,
    bytes: usize,
    bytes_max: usize,
}

impl<K: Clone + Eq + Hash, V> Kept<K, V> {
    pub(super) fn up_to(bytes_max: usize) -> Self {
        Self { values: HashMap::new(), uses: 0, bytes: 0, bytes_max }
    }

    /// The value of this key, if it was made from what is there now.
    pub(super) fn get(&mut self, key: &K, stamp: Stamp) -> Option<Arc<V>> {
        self.uses += 1;
        let known = self.values.get_mut(key)?;
        known.used = self.uses;
        (known.stamp == stamp).then(|| known.value.clone())
    }

    /// Keeps a value that takes so many bytes.
    pub(super) fn put(&mut self, key: K, stamp: Stamp, bytes: usize, value: Arc<V>) {
        self.uses += 1;
        self.bytes += bytes;
        if let Some(replaced) = self.values.insert(key, Value { stamp, used: self.uses, bytes, value }) {
            self.bytes -= replaced.bytes;
        }
        while self.bytes > self.bytes_max {
            let oldest = self.values.iter().min_by_key(|(_, value)| value.used).map(|(key, _)| key.clone());
            let Some(removed) = oldest.and_then(|key| self.values.remove(&key)) else { return };
            self.bytes -= removed.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_there_until_it_is_out_of_date_or_in_the_way() {
        let mut kept = Kept::up_to(100);
        kept.put("a", 1, 40, Arc::new('a'));
        kept.put("b", 1, 40, Arc::new('b'));
        assert_eq!(kept.get(&"a", 2), None, "made from something else");
        assert_eq!(kept.get(&"a", 1).as_deref(), Some(&'a'));
        kept.put("c", 1, 40, Arc::new('c'));
        assert_eq!(kept.get(&"b", 1), None, "unused for longest");
        assert!(kept.get(&"a", 1).is_some() && kept.get(&"c", 1).is_some());
        kept.put("a", 2, 10, Arc::new('A'));
        assert_eq!((kept.get(&"a", 2).as_deref(), kept.bytes), (Some(&'A'), 50));
    }
}
