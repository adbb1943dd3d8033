//! How many different ones: a HyperLogLog sketch of Apache DataSketches, whose unions cost no accuracy.
//!
//! With 2^14 registers an estimate is within 2% in 99 of 100 cases (0.8% standard error, measured over
//! unions of ten); up to some 1,500 different ones the sketch holds each of them and is as good as exact.
//! It then takes four bytes for each, and never more than 16 KiB.

use datasketches::hll::{HllSketch, HllType, HllUnion};

use crate::store::{StoreError, StoreResult};

const LG_REGISTERS: u8 = 14;

/// A set of which only the size can be asked.
#[derive(Debug, Clone)]
pub struct Sketch(HllUnion);

impl Sketch {
    /// The empty set.
    ///
    /// # Panics
    /// Never: the size is one that the library has.
    pub fn new() -> Self {
        Self(HllUnion::new(LG_REGISTERS).expect("a size that the library has"))
    }

    /// A sketch as [`Self::to_bytes`] wrote it.
    ///
    /// # Errors
    /// When the bytes are damaged.
    pub fn from_bytes(bytes: &[u8]) -> StoreResult<Self> {
        let mut sketch = Self::new();
        sketch.merge_bytes(bytes)?;
        Ok(sketch)
    }

    /// Adds one of the set, by a hash of its own.
    pub fn add(&mut self, hash: u64) {
        self.0.update_value(hash);
    }

    /// Adds everything that another sketch holds. Adding it twice changes nothing.
    ///
    /// # Errors
    /// When the bytes are damaged.
    pub fn merge_bytes(&mut self, bytes: &[u8]) -> StoreResult<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let damaged = |_| StoreError::BadData("a sketch is damaged: run `pharos rollup rebuild`".to_owned());
        self.0.update(&HllSketch::deserialize(bytes).map_err(damaged)?);
        Ok(())
    }

    /// As [`Self::merge_bytes`].
    pub fn merge(&mut self, other: &Self) {
        self.0.update(&other.0.to_sketch(HllType::Hll8));
    }

    /// In the format that all implementations of DataSketches read; nothing for the empty set.
    pub fn to_bytes(&self) -> Vec<u8> {
        if self.0.is_empty() { Vec::new() } else { self.0.to_sketch(HllType::Hll8).serialize() }
    }

    /// Memory it takes, about.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.0.estimated_size()
    }

    /// How many different ones there are, about. The same sets give the same number in whatever order
    /// they were added, which the library's other estimate does not promise.
    pub fn estimate(&self) -> i64 {
        // Never negative, and far from what an i64 can hold.
        self.0.composite_estimate().round() as i64
    }
}

impl Default for Sketch {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(numbers: std::ops::Range<u64>) -> Sketch {
        let mut sketch = Sketch::new();
        numbers.for_each(|number| sketch.add(number));
        sketch
    }

    #[test]
    fn small_sets_are_exact() {
        for size in [0, 1, 2, 7, 100, 1000] {
            assert_eq!(of(0..size).estimate(), size as i64);
        }
    }

    #[test]
    fn large_sets_are_within_two_percent() {
        for size in [3000, 20_000, 300_000] {
            let estimate = of(0..size).estimate() as f64;
            assert!((estimate / size as f64 - 1.0).abs() < 0.02, "{estimate} for {size}");
        }
    }

    #[test]
    fn the_order_and_number_of_unions_do_not_matter() {
        let parts = [of(0..4000), of(3000..3010), of(2000..9000)];
        let whole = of(0..9000).estimate();
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
            let mut union = Sketch::new();
            for part in order {
                union.merge(&parts[part]);
                union.merge_bytes(&parts[part].to_bytes()).unwrap();
            }
            assert_eq!(union.estimate(), whole);
            assert_eq!(Sketch::from_bytes(&union.to_bytes()).unwrap().estimate(), whole);
        }
    }

    #[test]
    fn damaged_bytes_are_an_error() {
        let bytes = of(0..5000).to_bytes();
        assert!(Sketch::from_bytes(&bytes[..100]).is_err());
        assert!(Sketch::from_bytes(&[7; 40]).is_err());
        assert_eq!(Sketch::from_bytes(&[]).unwrap().estimate(), 0);
    }
}
