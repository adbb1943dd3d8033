//! SHA-256 (FIPS 180-4) of the few bytes that an id has: written for size. The `sha2` crate, with which the
//! tests compare it, is three times as large in the page, and most of the rest is the table of constants: here
//! it is computed, as the standard defines it.

/// The first 32 bits of the fractions of the square roots of the first 8 primes.
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// Computed by the compiler where a table costs nobody anything.
#[cfg(not(target_arch = "wasm32"))]
static ROUNDS: [u32; 64] = rounds();

/// The first 32 bits of the fractions of the cube roots of the first 64 primes.
const fn rounds() -> [u32; 64] {
    let mut rounds = [0; 64];
    let mut round = 0;
    let mut number = 2;
    while round < rounds.len() {
        let mut divisor = 2;
        while number % divisor != 0 {
            divisor += 1;
        }
        if divisor == number {
            // Newton's steps from above: twelve of them exhaust a double, whose last 18 bits are to spare.
            let prime = number as f64;
            let mut root = 7.0;
            let mut step = 0;
            while step < 12 {
                root -= (root * root * root - prime) / (3.0 * root * root);
                step += 1;
            }
            rounds[round] = (root * 4_294_967_296.0) as u64 as u32;
            round += 1;
        }
        number += 1;
    }
    rounds
}

/// The first 128 bits of SHA-256 over `parts`.
pub(crate) fn digest(parts: &[&[u8]]) -> [u8; 16] {
    #[cfg(target_arch = "wasm32")]
    let rounds = &rounds();
    #[cfg(not(target_arch = "wasm32"))]
    let rounds = &ROUNDS;
    let mut hash = Hash { state: INITIAL, block: [0; 16], length: 0, rounds };
    for part in parts {
        for byte in *part {
            hash.put(*byte);
        }
    }
    let bits = hash.length as u64 * 8;
    hash.put(0x80);
    while hash.length % 64 != 56 {
        hash.put(0);
    }
    for byte in bits.to_be_bytes() {
        hash.put(byte);
    }
    let mut digest = [0; 16];
    for (index, byte) in digest.iter_mut().enumerate() {
        *byte = (hash.state[index / 4] >> (24 - index % 4 * 8)) as u8;
    }
    digest
}

struct Hash<'r> {
    state: [u32; 8],
    block: [u32; 16],
    /// Bytes so far.
    length: usize,
    rounds: &'r [u32; 64],
}

impl Hash<'_> {
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn put(&mut self, byte: u8) {
        let word = &mut self.block[self.length / 4 % 16];
        *word = *word << 8 | u32::from(byte);
        self.length += 1;
        if self.length.is_multiple_of(64) {
            self.compress();
        }
    }

    fn compress(&mut self) {
        let mut words = [0; 64];
        words[..16].copy_from_slice(&self.block);
        for index in 16..64 {
            let (near, far): (u32, u32) = (words[index - 2], words[index - 15]);
            words[index] = (near.rotate_right(17) ^ near.rotate_right(19) ^ near >> 10)
                .wrapping_add(words[index - 7])
                .wrapping_add(far.rotate_right(7) ^ far.rotate_right(18) ^ far >> 3)
                .wrapping_add(words[index - 16]);
        }
        let mut state = self.state;
        for (word, round) in words.iter().zip(self.rounds) {
            let [a, b, c, d, e, f, g, h] = state;
            let first = (e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25))
                .wrapping_add(e & f ^ !e & g)
                .wrapping_add(h)
                .wrapping_add(*round)
                .wrapping_add(*word);
            let second = (a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22))
                .wrapping_add(a & b ^ a & c ^ b & c);
            state = [first.wrapping_add(second), a, b, c, d.wrapping_add(first), e, f, g];
        }
        for (sum, more) in self.state.iter_mut().zip(state) {
            *sum = sum.wrapping_add(more);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    use super::digest;

    proptest! {
        #[test]
        fn agrees_with_the_sha2_crate(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..150), 0..3),
        ) {
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(&digest(&parts)[..], &Sha256::digest(parts.concat())[..16]);
        }
    }
}
